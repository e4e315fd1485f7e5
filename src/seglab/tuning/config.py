"""Parameters of a study; light to import, so that ``--help`` stays fast."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from itertools import product
from math import prod
from typing import Any, Literal, get_type_hints

from seglab.errors import ConfigError
from seglab.launching.config import LaunchConfig
from seglab.training.config import RecipeConfig, TrainConfig
from seglab.tuning.space import Choices, Space, parse_space

Objective = Literal["auto", "dice", "iou", "loss", "psnr", "boundary_recall"]
Sampler = Literal["tpe", "gp", "random", "grid"]
Pruner = Literal["hyperband", "median", "none"]

OBJECTIVES = {
    "mask": ("dice", "iou", "loss"),
    "superpixels": ("loss", "psnr", "boundary_recall"),
}
"""Validation scores that a study can go by, those of auto first."""
COMMON = ("dataset", "data_dir", "split", "pictures", "task", "device")
"""Parameters that all trials share: across them objectives could not be compared."""
SWITCHES = ("model", "schedule")
"""Parameters that decide which others are of use."""
STUDY, TRIAL, DATABASE = "optuna.study", "optuna.trial", "optuna.storage"
"""Tags of runs: name of the study, number of the trial, and where the study is (no password)."""
PRUNED = "pruned"
"""Tag of a trial's run that was stopped, as it lagged behind: it ends well, but without a model."""
MAY_DIFFER = (
    *("data_dir", "device", "trials", "timeout", "sampler", "pruner", "storage", "workers"),
    *("engine", "ray_address", "gpus_per_trial"),
    *("loaders", "retries", "heartbeat", "keep_checkpoints"),
)
"""Fields that whoever joins a study may give anew: what they change is how it is carried out."""


@dataclass(frozen=True, kw_only=True)
class TuneConfig(RecipeConfig, LaunchConfig):
    """Searches the best parameters: launches a study, or joins it; each trial is a training run."""

    study: str = ""
    """Name of the study, to join if it exists; empty names it by dataset, model and inputs."""
    space: str = "auto"
    """What is varied: name=low..high, name=low..high:log or name=a|b|c, joined by commas; auto is
    learning_rate=1e-5..1e-2:log and, as the UNet has none, with can and can_unet
    alpha=0.01..0.5."""
    objective: Objective = "auto"
    """Validation score of the best epoch, the one with the lowest validation loss: dice, iou, psnr
    (highest wins), loss (lowest wins), boundary_recall (highest wins: of superpixels of what the
    network paints, at a fixed compactness), or auto: dice for masks, loss (the mean squared error)
    for superpixels."""
    compactness: float = 0.7
    """Compactness by the rim, compactness_pixels, at which objective=boundary_recall compares
    networks, for recall can be bought with ragged superpixels."""
    trials: int = 50
    """Trials the whole study is to have; 0 starts none, and draws its results anew."""
    timeout: float = 0.0
    """Seconds after which this command starts no more trials; 0 is no limit."""
    sampler: Sampler = "tpe"
    """Who proposes parameters: tpe (tree-structured Parzen estimator), gp (Gaussian process),
    random, or grid (all choices, and 5 points of each range)."""
    pruner: Pruner = "hyperband"
    """Who stops trials that lag behind others of the same epoch: hyperband, median or none."""
    seed: int = 0
    """Seed of the sampler, and of each training's initial weights, order of tiles and dropout."""
    storage: str = ""
    """Database of the study: sqlite:///file, or for many machines
    postgresql+psycopg://user@host/database, its password in ~/.pgpass; empty is optuna.db beside
    MLflow's mlflow.db, or in data_dir where MLflow has a server."""
    workers: int = 1
    """Trials trained at once, each in a process of its own; GPUs are shared out among them."""
    gpus_per_trial: float = 1.0
    """GPUs a trial takes of a Ray or Slurm cluster that has any; 0.5 has two trials of a Ray
    cluster share one, 0 has them train on processors."""
    loaders: int = 0
    """Processes that read tiles beside each training; 0 reads in the training process."""
    retries: int = 2
    """Times that a trial whose process died is taken up again from its last checkpoint."""
    heartbeat: int = 30
    """Seconds between a trial's signs of life; after two without one it counts as dead."""
    keep_checkpoints: bool = False
    """Whether pruned trials keep their checkpoints."""

    def faults(self) -> list[str]:
        """See ``RecipeConfig``."""
        least = {"trials": 0, "timeout": 0, "workers": 1, "loaders": 0, "retries": 0}
        least |= {"heartbeat": 1, "gpus_per_trial": 0}
        faults = super().faults() + self.launch_faults()
        if self.engine == "local" and self.gpus_per_trial != 1:
            faults.append("--gpus_per_trial is of use with --engine=ray or slurm alone")
        faults += [
            f"--{name}={getattr(self, name)} must be at least {value}"
            for name, value in least.items()
            if not getattr(self, name) >= value
        ]
        if not re.fullmatch(r"(?!\.)[\w.+-]*", self.study):
            faults.append(
                f"--study={self.study} may have letters, digits and . _ + - only, and no . first"
            )
        if self.objective not in ("auto", *OBJECTIVES[self.learns]):
            faults.append(
                f"--objective={self.objective} is no score of the task {self.learns}; choose among "
                f"{', '.join(OBJECTIVES[self.learns])}"
            )
        if self.per_epoch and self.compactness != type(self).compactness:
            faults.append("--compactness is of use with --objective=boundary_recall alone")
        if not self.per_epoch and self.pruner != "none":
            faults.append(
                f"--objective=boundary_recall is known at a training's end alone, which "
                f"--pruner={self.pruner} cannot go by: take --pruner=none"
            )
        try:
            space = self.varied
        except ConfigError as fault:
            return [*faults, str(fault)]
        return faults or self._faults_of(space)

    @property
    def name(self) -> str:
        """The study's name."""
        return self.study or f"{self.dataset}-{self.model}-{self.inputs}"

    @property
    def varied(self) -> Space:
        """What is varied, by name."""
        text = self.space
        if text == "auto":
            text = "learning_rate=1e-5..1e-2:log"
            text += "" if self.model == "unet" else ",alpha=0.01..0.5"
        hints = get_type_hints(RecipeConfig)
        names = [f.name for f in fields(RecipeConfig) if f.name not in COMMON]
        return parse_space(text, {name: hints[name] for name in names})

    @property
    def wanted(self) -> int:
        """Trials the whole study is to have; a grid has no more than its points."""
        if self.sampler != "grid":
            return self.trials
        return min(self.trials, prod(len(values.grid()) for values in self.varied.values()))

    @property
    def score(self) -> str:
        """The objective, with auto resolved."""
        return OBJECTIVES[self.learns][0] if self.objective == "auto" else self.objective

    @property
    def per_epoch(self) -> bool:
        """Whether the objective is known after every epoch."""
        return self.score != "boundary_recall"

    @property
    def better(self) -> Literal["maximize", "minimize"]:
        """Which way the objective improves."""
        return "minimize" if self.score == "loss" else "maximize"

    def training(self, values: Mapping[str, Any]) -> TrainConfig:
        """The training that a trial with these values is."""
        fixed = {field.name: getattr(self, field.name) for field in fields(RecipeConfig)}
        return TrainConfig(**{**fixed, **values}, workers=self.loaders)

    def useful(self, name: str, values: Mapping[str, Any]) -> bool:
        """Whether a parameter changes anything in a training with these values."""
        unused = self.training(values).unused()
        return not any(name in names for names in unused.values())

    def _faults_of(self, space: Space) -> list[str]:
        faults = [
            f"--{name}={getattr(self, name)} is of no use, as --space varies it: leave it out"
            for name in space
            if getattr(self, name) != getattr(type(self), name)
        ]
        # Valid is what is valid with every model and schedule that may come.
        switches = {n: v.values for n in SWITCHES if isinstance(v := space.get(n), Choices)}
        useful = set(switches)
        for values in product(*switches.values()):
            chosen = dict(zip(switches, values, strict=True))
            try:
                of_use = {name for name in space if self.useful(name, chosen)}
            except ConfigError as fault:
                faults.append(str(fault))
                continue
            useful |= of_use
            for name in of_use - set(switches):
                for value in space[name].samples():
                    try:
                        self.training({**chosen, name: value})
                    except ConfigError as fault:
                        faults.append(str(fault))
        faults += [
            f"--space varies {name}, which changes nothing with --model={self.model}, "
            f"--schedule={self.schedule} and the task {self.learns}"
            for name in space
            if name not in useful and not faults
        ]
        return list(dict.fromkeys(faults))
