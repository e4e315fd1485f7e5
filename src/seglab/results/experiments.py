"""The rows of the published tables: config, published figures, command and cost of each.

This one list orders the tables, says what ``reproduce`` runs, and puts published beside measured.
"""

import io
import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import pandas as pd

SCALING = ("epochs", "batch_size", "seed")
"""Fields in which a run may differ from an experiment and still be of it: they set its size."""


USUAL = {
    "model": "unet", "schedule": "constant", "tv_weight": "0.0", "dilations": "report",
}  # fmt: skip
"""Parameters that every row has but those that say otherwise; as MLflow has them."""
FORMS = {"norm": "adaptive"}
"""Parameters with which a run is of a row whatever their value, with that of the rows themselves.
Any other is named, and compared with its like alone: of the norm, the superpixel study described
one form, and its networks were another, adaptive_original; its figures stand beside both."""


class Figure(NamedTuple):
    """A published number, with its standard deviation over pictures where there is one."""

    value: float
    std: float | None


@dataclass(frozen=True)
class Experiment:
    """One row of a published table."""

    key: str
    """How ``reproduce -P only=`` names it, such as icoseg/rgb+guided."""
    table: str
    """saliency or superpixels."""
    job: str
    """The entry point that makes the row: train (then evaluate or superpixels), or superpixels."""
    title: str
    """As the study prints it."""
    dataset: str
    changes: Mapping[str, Any]
    """Parameters of ``job`` that differ from its defaults, beside the data set."""
    published: Mapping[str, Figure]
    """By score: test_iou, best_loss, compactness_pixels …"""
    minutes: float | None
    """What one training took the study, on a GPU that it does not name; None where it is silent."""
    source: str
    """Where the published figures stand."""

    def command(self) -> str:
        """What runs this row alone; a training is then scored by the command it prints."""
        words = ["mlflow", "run", ".", "-e", self.job, "-P", f"dataset={self.dataset}"]
        for name, value in self.changes.items():
            words += ["-P", f"{name}={as_word(value)}"]
        return shlex.join(words)

    def schedule_epochs(self, epochs: int) -> int:
        """Epochs between two changes of the learning rate, at the published share of ``epochs``."""
        return max(1, round(self.changes["schedule_epochs"] * epochs / self.changes["epochs"]))

    def is_of(self, params: Mapping[str, str]) -> bool:
        """Whether a run with ``params`` is of this row, on whatever data and of whatever size."""
        wanted = {n: as_word(v) for n, v in self.changes.items() if n not in SCALING}
        if "schedule_epochs" in wanted and params.get("epochs", "").isdecimal():
            wanted["schedule_epochs"] = str(self.schedule_epochs(int(params["epochs"])))
        usual = USUAL if self.job == "train" else {}
        usual = {name: word for name, word in usual.items() if name not in wanted}
        return all(params.get(name, "") == word for name, word in wanted.items()) and all(
            params.get(name, word) == word for name, word in usual.items()
        )


@cache
def experiments() -> tuple[Experiment, ...]:
    """All rows in published order."""
    stored = json.loads(_packaged("experiments.json"))
    return tuple(
        Experiment(
            **{
                **row,
                "changes": {
                    name: tuple(value) if isinstance(value, list) else value
                    for name, value in row["changes"].items()
                },
                "published": {score: Figure(*pair) for score, pair in row["published"].items()}
                | _of_epochs(row["key"]),
                "source": stored["sources"][row["table"]],
            }
        )
        for row in stored["experiments"]
    )


@cache
def published_curves() -> pd.DataFrame:
    """What the saliency study logged: a row an experiment (key) and epoch from 1, with train/loss,
    train/iou, train/dice, val/loss, val/iou and val/dice as means over padded tiles."""
    return pd.read_csv(io.StringIO(_packaged("curves.csv")))


def experiment_of(params: Mapping[str, str], dataset: str) -> Experiment | None:
    """The row that a run with ``params`` (texts, as MLflow has them) on ``dataset`` belongs to."""
    return _closest([e for e in experiments() if e.dataset == dataset and e.is_of(params)])


def unusual(params: Mapping[str, str]) -> list[str]:
    """Those of ``FORMS`` in which a run with ``params`` differs from the rows themselves."""
    return [name for name, usual in FORMS.items() if params.get(name, usual) != usual]


def place(params: Mapping[str, str]) -> int:
    """Where a run with ``params`` stands in the published order, whatever its data; else last."""
    found = _closest([e for e in experiments() if e.is_of(params)])
    return experiments().index(found) if found else len(experiments())


def as_word(value: object) -> str:
    """A parameter as it is typed: sequences joined by commas."""
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _of_epochs(key: str) -> dict[str, Figure]:
    """best_epoch (of lowest validation loss), best_loss … last_dice from the published curve."""
    curves = published_curves()
    curve = curves[curves["experiment"] == key]
    if curve.empty:
        return {}
    best = curve.iloc[int(curve["val/loss"].to_numpy().argmin())]
    epochs = {"best": best, "last": curve.iloc[-1]}
    figures = {"best_epoch": Figure(float(best["epoch"]), None)}
    return figures | {
        f"{name}_{score}": Figure(float(epoch[f"val/{score}"]), None)
        for name, epoch in epochs.items()
        for score in ("loss", "iou", "dice")
    }


def _closest(found: Sequence[Experiment]) -> Experiment | None:
    """Of rows that a run is of, the one that says most of it; the first of equals."""
    return max(found, key=lambda e: len(e.changes), default=None)


def _packaged(name: str) -> str:
    return files("seglab.results").joinpath(name).read_text("utf-8")
