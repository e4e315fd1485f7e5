"""The rows that a reproduction runs: published experiments, checked and opened."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, TypeAlias

import pandas as pd

from seglab.data.config import PARTS, SplitName
from seglab.data.pictures import PictureSet
from seglab.errors import ConfigError, DataError, SeglabError, all_faults
from seglab.jobs.config import ReproduceConfig
from seglab.jobs.superpixels import Judged, open_judged, recipe
from seglab.jobs.train import Plan, plan_training, run_folder
from seglab.results.experiments import Experiment, experiments
from seglab.superpixels.config import SuperpixelsConfig
from seglab.training.checkpoint import LAST
from seglab.training.config import TrainConfig
from seglab.training.throughput import gflop_per_sample

NARROW = {"width": 8}
"""What scale=narrow changes in all trainings; epochs, tiles and pictures stay as published."""
SMALL: dict[str, dict[str, Any]] = {
    "saliency": {
        "width": 16, "epochs": 8, "pictures": 12, "tile": 128,
        "batch_size": 2, "learning_rate": 1e-3,
    },
    "superpixels": {"width": 8, "epochs": 6, "pictures": 12, "crop": 112, "batch_size": 4},
}  # fmt: skip
"""What scale=small changes in the trainings of each table."""


@dataclass(frozen=True)
class Training:
    """A row that is a training and its scores."""

    experiment: Experiment
    plan: Plan

    judging: SuperpixelsConfig | None
    """How the superpixels of a painter are judged, but for its run; None for masks."""
    judged_recipe: str
    """Digest of that and of the pictures, which its own recipe has not; empty for masks."""

    @property
    def title(self) -> str:
        """``UNet RGB on icoseg/subset_80, seed 0``; a split that is not the published is named."""
        split = self.plan.config.split
        where = self.dataset if split == "published" else f"{self.dataset}, {split} split"
        return f"{self.experiment.title} on {where}, seed {self.seed}"

    @property
    def dataset(self) -> str:
        """Title of its data set."""
        return self.plan.pictures.title

    @property
    def seed(self) -> int:
        """Of the training."""
        return self.plan.config.seed

    @property
    def parts(self) -> list[str]:
        """Parts that its data set has pictures of, which its masks are scored on."""
        plan = self.plan
        return [part for part in PARTS if plan.pictures.names(plan.config.split, part)]

    def recipe(self) -> str:
        """Digest of all that determines its network, and so its scores of masks."""
        return self.plan.recipe()

    def begun(self, run: str) -> bool:
        """Whether ``run`` can go on from a checkpoint."""
        return (run_folder(self.plan.config.data_dir, run) / LAST).exists()

    def gflop(self) -> float:
        """Arithmetic of the whole training, in 10⁹ floating-point operations."""
        samples = self.plan.samples("train")
        side = samples[0].x.shape[-1]
        return self.plan.config.epochs * len(samples) * gflop_per_sample(self.plan.about, side)


@dataclass(frozen=True)
class Judging:
    """A row that judges superpixels of photos: no training, hence no seed."""

    experiment: Experiment
    config: SuperpixelsConfig
    judged: Judged
    pictures: PictureSet
    seed: int = 0

    @property
    def title(self) -> str:
        """``SLIC on bsds500``."""
        return f"{self.experiment.title} on {self.dataset}"

    @property
    def dataset(self) -> str:
        """Title of the pictures that are judged."""
        return self.pictures.title

    def recipe(self) -> str:
        """Digest of all that determines its numbers."""
        return recipe(self.config, self.pictures)

    def begun(self, run: str) -> bool:
        """Never: it takes a minute and is begun anew."""
        return False

    def gflop(self) -> float:
        """Nothing beside a training."""
        return 0.0


Row: TypeAlias = Training | Judging


def rows_of(config: ReproduceConfig) -> list[Row]:
    """Every row × split × seed, the first seed of all rows first, ready to be run.

    Raises ``ConfigError`` for rows there are none of, and ``DataError`` with every command that is
    still to be run: data sets must be prepared, and their saliency maps or painted targets made.
    Nothing is made on the way, for which maps are meant is the user's choice.
    """
    chosen = choose_experiments(config)
    splits: tuple[SplitName, ...] = ("published", "grouped")
    splits = splits if config.split == "both" else (config.split,)
    rows: list[Row] = []
    faults = []
    for seed, split, experiment in product(range(config.seeds), splits, chosen):
        try:
            if experiment.job == "train":
                rows.append(training_row(config, experiment, seed, split))
            elif (seed, split) == (0, splits[0]):
                rows.append(judging_row(config, experiment))
        except SeglabError as fault:
            faults.append(str(fault))
    if faults:
        remedy = "Nothing was run. Do what stands there, then give the same command again."
        raise DataError(all_faults("rows that cannot be run", list(dict.fromkeys(faults)), remedy))
    return rows


def training_row(
    config: ReproduceConfig, experiment: Experiment, seed: int, split: SplitName
) -> Training:
    """A row that is trained, with how it is scored."""
    plan = plan_training(training(config, experiment, seed, split))
    if not plan.targets:
        return Training(experiment, plan, None, "")
    judging = judging_of(config)
    pictures = open_judged(judging).pictures
    assert isinstance(pictures, PictureSet)
    return Training(experiment, plan, judging, recipe(judging, pictures))


def judging_row(config: ReproduceConfig, experiment: Experiment) -> Judging:
    """A row that judges superpixels of photos, by as many weights as those of networks."""
    own = {name: experiment.changes.get(name, True) for name in ("method", "update")}
    judging = replace(judging_of(config), **own)
    judged = open_judged(judging)
    assert isinstance(judged.pictures, PictureSet)
    return Judging(experiment, judging, judged, judged.pictures)


def choose_experiments(config: ReproduceConfig) -> list[Experiment]:
    """The experiments that ``config`` names, in published order."""
    tables = ("saliency", "superpixels") if config.table == "all" else (config.table,)
    found = own = [e for e in experiments() if e.table in tables]
    if config.dataset != "published":
        own = [e for e in found if e.dataset == config.dataset or e.job == "superpixels"]
        own = own if any(e.job == "train" for e in own) else []
        # On data that nobody published rows of, each kind of row is run once.
        kinds: dict[str, Experiment] = {}
        for experiment in found:
            kinds.setdefault(repr(experiment.changes), experiment)
        found = own or list(kinds.values())
    if not config.only:
        return found
    names = {name: e for e in found for name in (e.key.rpartition("/")[2], e.key)}
    unknown = [name for name in config.only if name not in names]
    if unknown:
        raise ConfigError(
            f"--only={','.join(unknown)} names no row; choose among "
            f"{', '.join(e.key if own else e.key.rpartition('/')[2] for e in found)}"
        )
    wanted = set(config.only)
    return [e for e in found if wanted & {e.key, e.key.rpartition("/")[2]}]


def training(
    config: ReproduceConfig, experiment: Experiment, seed: int, split: SplitName = "published"
) -> TrainConfig:
    """The training of a row, as ``train`` could have been told it by flags."""
    dataset = experiment.dataset if config.dataset == "published" else config.dataset
    changes = dict(experiment.changes)
    if config.scale == "narrow":
        changes |= NARROW
    elif config.scale == "small":
        changes |= SMALL[experiment.table]
        if "schedule_epochs" in changes:  # at the same share of the epochs
            changes["schedule_epochs"] = experiment.schedule_epochs(changes["epochs"])
    if experiment.table == "superpixels":
        changes["task"] = "superpixels"
    place = {"dataset": dataset, "data_dir": config.data_dir, "split": split}
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
    """Arithmetic of each row; rows of one experiment differ in seed and split alone."""
    by_key = {row.experiment.key: row for row in rows}
    costs = {key: row.gflop() for key, row in by_key.items()}
    return pd.Series([costs[row.experiment.key] for row in rows])
