"""Results tables: a row a configuration, its seeds together, with what was published beside it."""

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd

from seglab.errors import RUN, SeglabError, counted
from seglab.results.apart import DATA_DIGEST, comparable, configuration, told_apart, with_params
from seglab.results.cells import as_setting, saliency_of, short_ids, targets_of
from seglab.results.experiments import experiment_of, experiments, place, unusual

PARTS = ("train", "val", "test")
SCORES = {"iou": "IoU", "dice": "Dice"}
SETTINGS = ("split", "width", "epochs", "pictures", "seeds", "saliency")
BLOCKS = ("split", "width", "epochs", "pictures")
PAINTING = "superpixels"
"""Task of runs whose networks paint superpixels instead of scoring masks."""
SPLIT_ORDER = ("published", "grouped")
LAST = "_last"
"""How what belongs to the last epoch ends, where the best one's has the plain name."""


class Column(NamedTuple):
    """A score as a column of a table."""

    key: str
    """test_iou, best_loss …: how rows, and published figures, name it."""
    group: str
    name: str
    best: Literal["max", "min", ""] = ""
    """max or min if the best value of a block is marked, else empty."""
    last: bool = False
    """Whether the score is that of the best epoch, and ``key_last`` that of the last."""


SCORE_COLUMNS = tuple(
    Column(f"{part}_{score}", part.title(), name, "max" if part == "test" else "", last=True)
    for part in PARTS
    for score, name in SCORES.items()
)
EPOCH_SCORES = {"loss": "Loss", **SCORES}
EPOCH_COLUMNS = (
    Column("best_epoch", "Best epoch", "Epoch"),
    *(
        Column(f"{epoch}_{score}", f"{epoch.title()} epoch", name)
        for epoch in ("best", "last")
        for score, name in EPOCH_SCORES.items()
    ),
)
PAINTING_COLUMNS = (
    Column("best_epoch", "Best epoch", "Epoch"),
    Column("best_loss", "Best epoch", "Loss", "min"),
    Column("last_loss", "Last epoch", "Loss"),
)


@dataclass(frozen=True)
class ResultsTable:
    """Scores of an experiment's configurations, as plain numbers."""

    name: str
    """File name without extension: results, validation, painting, superpixels."""
    title: str
    columns: tuple[Column, ...]
    rows: pd.DataFrame
    """dataset and experiment; then for each column ``key`` its mean over seeds, ``key_std`` (over
    pictures; mean over seeds), ``key_seeds`` (standard deviation over seeds), the same three of the
    last epoch as ``key_last`` where the column has one, ``key_published``, ``key_published_std``,
    ``key_difference``; then ``settings``, status, run_id and start_time (of the first seed)."""
    unevaluated: tuple[str, ...] = ()
    """Training runs without scores, by the first digits of their id, with status."""
    settings: tuple[str, ...] = SETTINGS
    """Columns that say what a row is of, beside its name; pictures 0 are all."""
    blocks: tuple[str, ...] = BLOCKS
    """Settings by which the table is divided, beside the data set: within them, rows compare."""
    partial: tuple[str, ...] = ("saliency",)
    """Settings that not every row has: those without one agree with all others."""

    def best(self, column: Column) -> "pd.Series[bool]":
        """Rows with the best value of ``column`` among those of their block, if it has one.

        Scores of other sizes of network, lengths of training, samples of pictures or painted
        targets say nothing against each other. Where all are 0, none is good.
        """
        if not column.best:
            return pd.Series(False, self.rows.index)
        groups = self.rows.groupby(["dataset", *self.blocks], dropna=False)[column.key]
        best = groups.transform(column.best)
        return self.rows[column.key].eq(best) & ((column.best == "min") | (best > 0))

    def constants(self) -> dict[str, str]:
        """Settings in which all rows agree."""
        values = {name: self.rows[name].map(as_setting).astype("string") for name in self.settings}
        for name in self.partial:
            values[name] = values[name].where(lambda label: label != "")
        return {
            name: column.max() if column.notna().any() else ""
            for name, column in values.items()
            if column.nunique() <= 1
        }


def results_table(runs: pd.DataFrame) -> ResultsTable:
    """The scores of an experiment's runs (``tracking.reader.read_runs``) on whole pictures.

    Runs that differ in the seed alone are one row. Sorted by data set, split, published order,
    start time. Raises ``SeglabError`` that says what to run if no run has scores.
    """
    rows = typed(runs)
    evaluated = rows[[column.key for column in SCORE_COLUMNS]].notna().any(axis=1)
    trained = (rows["experiment"] != "") & ~evaluated & ~rows["pruned"]
    missing = rows[trained].sort_values(["start_time", "run_id"])
    if not evaluated.any():
        raise SeglabError(nothing_to_show(len(runs), missing))
    missing = missing[missing["task"] != PAINTING]
    return ResultsTable(
        name="results",
        title="Whole pictures",
        columns=SCORE_COLUMNS,
        rows=arranged(rows[evaluated], SCORE_COLUMNS),
        unevaluated=tuple(short_ids(row) for _, row in missing.iterrows()),
    )


def validation_table(runs: pd.DataFrame, epochs: pd.DataFrame) -> ResultsTable | None:
    """Validation scores of the same runs at their best and at their last epoch; None without.

    ``epochs`` has a row a run (index: run_id), columns best_epoch, best_loss … last_dice, as of
    ``observations.best_and_last``.
    """
    rows = typed(runs).join(epochs, on="run_id")
    scored = rows.reindex(columns=[column.key for column in SCORE_COLUMNS]).notna().any(axis=1)
    known = scored & rows["best_loss"].notna()
    if not known.any():
        return None
    title = "Validation tiles at the best and the last epoch"
    return ResultsTable("validation", title, EPOCH_COLUMNS, arranged(rows[known], EPOCH_COLUMNS))


def painting_table(runs: pd.DataFrame, epochs: pd.DataFrame) -> ResultsTable | None:
    """Validation losses of the networks that learnt to paint superpixels; None without.

    Of trainings that came to their end: another's lowest loss so far says nothing beside theirs.
    ``epochs`` as in ``validation_table``.
    """
    rows = typed(runs).join(epochs, on="run_id")
    known = (rows["task"] == PAINTING) & rows["completed"] & rows["best_loss"].notna()
    if not known.any():
        return None
    title = "Painted superpixels: validation loss at the best and the last epoch"
    columns, settings = PAINTING_COLUMNS, (*SETTINGS, "targets")
    made, blocks = arranged(rows[known], columns, settings), (*BLOCKS, "targets")
    partial = ("saliency", "targets")
    return ResultsTable("painting", title, columns, made, (), settings, blocks, partial)


def typed(runs: pd.DataFrame) -> pd.DataFrame:
    """Every run's row of the table, with numbers as numbers; what a run lacks is empty."""

    def column(name: str) -> "pd.Series[str]":
        return runs.get(name, pd.Series(pd.NA, runs.index, dtype="string"))

    def text(name: str) -> "pd.Series[str]":
        return column(name).astype("string").fillna("")

    def whole(name: str) -> "pd.Series[int]":
        # MLflow logs what a user typed (2.5) before seglab refuses it.
        numbers = pd.to_numeric(column(name), errors="coerce").astype(float)
        return numbers.where((numbers % 1 == 0) & (numbers.abs() < 2**53)).astype("Int64")

    numbers = {
        f"{part}_{score}{last}{std}": column(f"metrics.evaluation{last}/{part}/{score}{std}")
        for part in PARTS
        for score in SCORES
        for last in ("", LAST)
        for std in ("", "_std")
    }
    told = [name for name in map(str, runs) if name.startswith(("params.", DATA_DIGEST))]
    found = [comparable(run) for _, run in runs[told].iterrows()]
    places = [place(params) for params in found]
    titles = [e.title for e in experiments()]
    # The studies' names tell schedules apart, which a run's own title does not.
    names = [
        with_params(titles[at], params, unusual(params)) if own and at < len(titles) else own
        for own, at, params in zip(text("tags.seglab.experiment_title"), places, found, strict=True)
    ]
    return pd.DataFrame(
        {
            "dataset": text("tags.seglab.dataset_title"),
            "experiment": pd.Series(names, runs.index, dtype="string"),
            "task": text("tags.seglab.task"),
            **{name: pd.to_numeric(values).astype(float) for name, values in numbers.items()},
            "split": text("params.split"),
            # The width that a network really had; its parameter may be 0, the model's own.
            "width": whole("tags.seglab.width").fillna(whole("params.width")),
            "epochs": whole("params.epochs"),
            "pictures": whole("params.pictures"),
            "seeds": text("params.seed"),
            "saliency": saliency_of(runs),
            "targets": targets_of(runs),
            "status": text("status"),
            # Pruned trials end well too, but as no training that was meant to be.
            "completed": text("status").eq("FINISHED") & text("tags.pruned").ne("true"),
            "pruned": text("tags.pruned").eq("true"),
            "run_id": text("run_id"),
            "start_time": pd.to_datetime(column("start_time"), utc=True),
            "data": text("params.dataset"),
            "place": places,
            "published": [experiment_of(p, p.get("dataset", "")) for p in found],
            "params": found,
            "configuration": [configuration(params) for params in found],
        },
        runs.index,
    )


def arranged(
    rows: pd.DataFrame, columns: tuple[Column, ...], settings: tuple[str, ...] = SETTINGS
) -> pd.DataFrame:
    """``rows`` over their seeds, in published order, with published figures beside them.

    Rows that would look alike are named with the parameters in which they differ.
    """
    same = ["dataset", "experiment", "saliency", "targets", "configuration"]
    seeds = pd.to_numeric(rows["seeds"], errors="coerce")
    rows = rows.assign(seed=seeds).sort_values(["seed", "start_time", "run_id"])
    # Where a configuration was run twice with one seed, the second is a row of its own.
    again = rows.groupby([*same, "seeds"]).cumcount()
    merged = over_seeds(rows, rows.groupby([*same, again], sort=False).ngroup(), columns)
    shown = [name for name in settings if name != "seeds"]
    merged["experiment"] = told_apart(merged, shown)
    split = merged["split"].map(lambda s: (*SPLIT_ORDER, s).index(s))
    order = ["dataset", "split_place", "split", "place", "start_time", "run_id"]
    merged = merged.assign(split_place=split).sort_values(order).reset_index(drop=True)
    kept = [key for column in columns for key in parts_of(column)]
    front, back = ["dataset", "experiment"], [*settings, "status", "run_id", "start_time"]
    types = {"width": "Int64", "epochs": "Int64", "pictures": "Int64"}
    return merged[[*front, *kept, *back]].astype(types | dict.fromkeys(kept, float))


def parts_of(column: Column) -> list[str]:
    """What a table stores of a score."""
    return [
        *(key + end for key in measured(column) for end in ("", "_std", "_seeds")),
        *(column.key + end for end in ("_published", "_published_std", "_difference")),
    ]


def measured(column: Column) -> list[str]:
    """Names of what runs measured of a score: of its epoch, and of the last one if it has that."""
    return [column.key, column.key + LAST] if column.last else [column.key]


def over_seeds(
    rows: pd.DataFrame, number: "pd.Series[int]", columns: tuple[Column, ...]
) -> pd.DataFrame:
    """One row of a table for each configuration, from ``rows`` that are sorted by seed.

    ``number`` says which configuration each is of. All are reduced at once, for a thousand runs
    reduced one configuration after the other would take seconds.
    """
    groups = rows.groupby(number)
    merged = rows[~number.duplicated()].set_axis(number.unique()).sort_index()
    keys = [key for column in columns for key in measured(column)]
    stds = {f"{key}_std" for key in keys} & set(rows)
    means, deviations = groups[[*keys, *sorted(stds)]].mean(), groups[keys].std(ddof=1)
    reduced: dict[str, Any] = {}
    for key in keys:
        reduced[key] = means[key]
        reduced[f"{key}_std"] = means.get(f"{key}_std", np.nan)
        reduced[f"{key}_seeds"] = deviations[key]
    for key in (column.key for column in columns):
        figures = [e.published.get(key) if e else None for e in merged["published"]]
        values = [figure.value if figure else np.nan for figure in figures]
        spreads = [f.std if f and f.std is not None else np.nan for f in figures]
        reduced[f"{key}_published"] = values
        reduced[f"{key}_published_std"] = spreads
        reduced[f"{key}_difference"] = means[key] - values
    for name in ("seeds", "run_id", "status"):
        texts = groups[name].agg(list)
        distinct = [sorted(set(t)) for t in texts] if name == "status" else texts
        reduced[name] = [",".join(filter(None, text)) for text in distinct]
    return merged.drop(columns=[*set(reduced) & set(merged)]).assign(**reduced)


def nothing_to_show(runs: int, missing: pd.DataFrame) -> str:
    """Why there is no table yet and what to run."""
    if missing.empty:
        return (
            f"no training run among the {counted(runs, 'run')} of this experiment: start one with "
            f"`{RUN} -e train`, then score it with `{RUN} -e evaluate -P run=<id>`"
        )
    last = missing.iloc[-1]
    job = "superpixels" if last["task"] == PAINTING else "evaluate"
    return (
        f"{counted(len(missing), 'training run')} in this experiment, none scored yet: run "
        f"`{RUN} -e {job} -P run={last['run_id']}`"
    )
