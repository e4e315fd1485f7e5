"""The rows that a reproduction runs: published experiments as trainings, checked and opened."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from seglab.errors import ConfigError, DataError, SeglabError, all_faults
from seglab.jobs.config import ReproduceConfig
from seglab.jobs.superpixels import open_judged
from seglab.jobs.train import Plan, plan_training
from seglab.results.experiments import Experiment, experiments
from seglab.superpixels.config import SuperpixelsConfig
from seglab.training.config import TrainConfig
from seglab.training.throughput import gflop_per_sample

SMALL: dict[str, dict[str, Any]] = {
    "saliency": {
        "width": 16, "epochs": 8, "pictures": 12, "tile": 128,
        "batch_size": 2, "learning_rate": 1e-3,
    },
    "superpixels": {"width": 8, "epochs": 6, "pictures": 12, "crop": 112, "batch_size": 4},
}  # fmt: skip
"""What scale=small changes in the trainings of each table."""


@dataclass(frozen=True)
class Row:
    """One training of a reproduction."""

    experiment: Experiment
    plan: Plan

    judging: SuperpixelsConfig | None
    """How the superpixels of a painter are judged, but for its run; None for masks."""

    @property
    def title(self) -> str:
        """``UNet RGB on icoseg/subset_80, seed 0``."""
        seed = self.plan.config.seed
        return f"{self.experiment.title} on {self.plan.pictures.title}, seed {seed}"

    def gflop(self) -> float:
        """Arithmetic of the whole training, in 10⁹ floating-point operations."""
        samples = self.plan.samples("train")
        side = samples[0].x.shape[-1]
        return self.plan.config.epochs * len(samples) * gflop_per_sample(self.plan.about, side)


def rows_of(config: ReproduceConfig) -> list[Row]:
    """Every row × seed, the first seed of all rows first, ready to be trained.

    Raises ``ConfigError`` for rows there are none of, and ``DataError`` with every command that is
    still to be run: data sets must be prepared, and their saliency maps or painted targets made.
    Nothing is made on the way, for which maps are meant is the user's choice.
    """
    chosen = choose_experiments(config)
    rows, faults = [], []
    for seed in range(config.seeds):
        for experiment in chosen:
            try:
                plan = plan_training(training(config, experiment, seed))
                judging = judging_of(config) if plan.targets else None
                if judging:
                    open_judged(judging, Path())
                rows.append(Row(experiment, plan, judging))
            except SeglabError as fault:
                faults.append(str(fault))
    if faults:
        remedy = "Nothing was run. Do what stands there, then give the same command again."
        raise DataError(all_faults("rows that cannot be run", list(dict.fromkeys(faults)), remedy))
    return rows


def choose_experiments(config: ReproduceConfig) -> list[Experiment]:
    """The experiments that ``config`` names, in published order."""
    tables = ("saliency", "superpixels") if config.table == "all" else (config.table,)
    found = [e for e in experiments() if e.table in tables and e.job == "train"]
    if config.dataset != "published":
        own = [e for e in found if e.dataset == config.dataset]
        # On data that nobody published rows of, each kind of row is run once.
        kinds: dict[str, Experiment] = {}
        for experiment in found:
            kinds.setdefault(repr(experiment.changes), experiment)
        found = own or list(kinds.values())
    if not config.only:
        return found
    names = {name: e for e in found for name in (e.key.partition("/")[2], e.key)}
    unknown = [name for name in config.only if name not in names]
    if unknown:
        raise ConfigError(
            f"--only={','.join(unknown)} names no row; choose among "
            f"{', '.join(e.key for e in found)}"
        )
    wanted = set(config.only)
    return [e for e in found if wanted & {e.key, e.key.partition("/")[2]}]


def training(config: ReproduceConfig, experiment: Experiment, seed: int) -> TrainConfig:
    """The training of a row, as ``train`` could have been told it by flags."""
    dataset = experiment.dataset if config.dataset == "published" else config.dataset
    changes = dict(experiment.changes)
    if config.scale == "small":
        changes |= SMALL[experiment.table]
        if "schedule_epochs" in changes:  # at the same share of the epochs
            epochs, every = experiment.changes["epochs"], changes["schedule_epochs"]
            changes["schedule_epochs"] = max(1, round(every * changes["epochs"] / epochs))
    if experiment.table == "superpixels":
        changes["task"] = "superpixels"
    place = {"dataset": dataset, "data_dir": config.data_dir, "split": config.split}
    return TrainConfig(**{**changes, **place, "seed": seed})


def judging_of(config: ReproduceConfig) -> SuperpixelsConfig:
    """How painters are judged: on BSDS500, or on what they learnt if that was chosen.

    The sweep ends at 7, the study's weight, whose scores the table shows.
    """
    own = config.dataset in ("published", "coco", "bsds500")
    return SuperpixelsConfig(
        dataset="bsds500" if own else config.dataset,  # type: ignore[arg-type]
        data_dir=config.data_dir,
        color_weight=(3.0, 7.0) if config.scale == "small" else (1.0, 2.0, 3.0, 4.0, 5.0, 7.0),
        update=False,
    )


def cost_of(rows: Sequence[Row]) -> "pd.Series[float]":
    """Arithmetic of each row; rows of one experiment differ in the seed alone."""
    by_key = {row.experiment.key: row for row in rows}
    costs = {key: row.gflop() for key, row in by_key.items()}
    return pd.Series([costs[row.experiment.key] for row in rows])
