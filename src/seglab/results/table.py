"""The results table of an experiment: one row a run, in the order of the published tables."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from seglab.errors import SeglabError

PARTS = ("train", "val", "test")
SCORES = {"iou": "IoU", "dice": "Dice"}
SETTINGS = ("split", "width", "epochs", "seed", "saliency")
PUBLISHED_ORDER = (
    "backprop", "deconv", "guided", "rgb", "rgb+backprop", "rgb+deconv", "rgb+guided",
)  # fmt: skip
"""Inputs as the original study lists them, without RGB first."""
SPLIT_ORDER = ("published", "grouped")


@dataclass(frozen=True)
class ResultsTable:
    """Scores of the evaluated runs of an experiment, as plain numbers."""

    rows: pd.DataFrame
    """One row a run: dataset, experiment, train_iou, train_iou_std, train_dice … test_dice_std,
    split, width, epochs, seed, saliency, status, run_id, start_time."""
    unevaluated: tuple[str, ...]
    """Training runs without scores, by the first digits of their id, with status."""

    def best(self, score: str) -> "pd.Series[bool]":
        """Rows with the highest ``score`` (test_iou, test_dice) of their data set and split."""
        highest = self.rows.groupby(["dataset", "split"])[score].transform("max")
        return self.rows[score].eq(highest)

    def constants(self) -> dict[str, str]:
        """Settings in which all runs agree; runs without saliency maps agree with any maps."""
        values = {name: self.rows[name].astype("string").fillna("") for name in SETTINGS}
        values["saliency"] = values["saliency"].where(lambda label: label != "")
        return {
            name: column.max() if column.notna().any() else ""
            for name, column in values.items()
            if column.nunique() <= 1
        }


def results_table(runs: pd.DataFrame) -> ResultsTable:
    """The table of an experiment's runs (``tracking.reader.read_runs``).

    Sorted by data set, split, published order of inputs, start time. Raises ``SeglabError`` that
    says what to run if no run has scores.
    """
    rows = typed(runs)
    evaluated = rows[score_columns()].notna().any(axis=1)
    trained = rows["experiment"] != ""
    missing = rows[trained & ~evaluated].sort_values(["start_time", "run_id"])
    if not evaluated.any():
        raise SeglabError(nothing_to_show(len(runs), missing))
    return ResultsTable(
        rows=in_published_order(rows[evaluated]).drop(columns="inputs"),
        unevaluated=tuple(short_id(row) for _, row in missing.iterrows()),
    )


def typed(runs: pd.DataFrame) -> pd.DataFrame:
    """Every run's row of the table, with numbers as numbers; what a run lacks is empty."""

    def column(name: str) -> "pd.Series[str]":
        return runs.get(name, pd.Series(pd.NA, runs.index, dtype="string"))

    def text(name: str) -> "pd.Series[str]":
        return column(name).astype("string").fillna("")

    def whole(name: str) -> "pd.Series[int]":
        return pd.to_numeric(column(name), errors="coerce").astype("Int64")

    numbers = {
        f"{part}_{score}{suffix}": column(f"metrics.evaluation/{part}/{score}{suffix}")
        for part in PARTS
        for score in SCORES
        for suffix in ("", "_std")
    }
    return pd.DataFrame(
        {
            "dataset": text("tags.seglab.dataset_title"),
            "experiment": text("tags.seglab.experiment_title"),
            **{name: pd.to_numeric(values).astype(float) for name, values in numbers.items()},
            "split": text("params.split"),
            "width": whole("params.width"),
            "epochs": whole("params.epochs"),
            "seed": whole("params.seed"),
            "saliency": text("tags.seglab.saliency"),
            "status": text("status"),
            "run_id": text("run_id"),
            "start_time": pd.to_datetime(column("start_time"), utc=True),
            "inputs": text("params.inputs"),
        }
    )


def in_published_order(rows: pd.DataFrame) -> pd.DataFrame:
    """``rows`` as the study lists them; unknown splits and inputs come last."""
    places = rows.assign(
        split_place=rows["split"].map(placed(SPLIT_ORDER)),
        inputs_place=rows["inputs"].map(placed(PUBLISHED_ORDER)),
    )
    order = ["dataset", "split_place", "inputs_place", "start_time", "run_id"]
    return rows.loc[places.sort_values(order).index].reset_index(drop=True)


def placed(order: tuple[str, ...]) -> Callable[[str], int]:
    """A name's place in ``order``; behind all others if it is not there."""
    return lambda name: order.index(name) if name in order else len(order)


def score_columns() -> list[str]:
    """Columns of means: train_iou, train_dice, val_iou …"""
    return [f"{part}_{score}" for part in PARTS for score in SCORES]


def short_id(run: "pd.Series[str]") -> str:
    """First eight digits of a run's id, with its status if it did not end well."""
    ended_badly = run["status"] in ("FAILED", "KILLED")
    return f"{run['run_id'][:8]} {run['status']}" if ended_badly else run["run_id"][:8]


def nothing_to_show(runs: int, missing: pd.DataFrame) -> str:
    """Why there is no table yet and what to run."""
    if missing.empty:
        return (
            f"no training run among the {counted(runs, 'run')} of this experiment: start one with "
            "`mlflow run . -e train`, then score it with `mlflow run . -e evaluate -P run=<id>`"
        )
    return (
        f"{counted(len(missing), 'training run')} in this experiment, none scored yet: run "
        f"`mlflow run . -e evaluate -P run={missing['run_id'].iloc[-1]}`"
    )


def counted(number: int, noun: str) -> str:
    """``1 run``, ``2 runs``."""
    return f"{number} {noun}{'s' * (number != 1)}"
