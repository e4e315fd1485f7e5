"""The train job: prepared data and cached maps → a trained network, logged as one MLflow run."""

import json
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import torch

from seglab.data.cropset import CropSet
from seglab.data.files import digest_of
from seglab.data.inputs import Inputs, parse_inputs
from seglab.data.pictures import PictureSet, open_pictures
from seglab.data.samples import Samples
from seglab.data.shared import here
from seglab.data.tileset import TileSet
from seglab.errors import RUN, CheckpointError, DataError
from seglab.figures.curves import norm_curves, training_curves
from seglab.figures.style import save_figure
from seglab.jobs import served
from seglab.jobs.code import code_digest
from seglab.jobs.describe import (
    experiment_title,
    log_pictures,
    saliency_tags,
    saliency_title,
    target_tags,
    target_title,
)
from seglab.networks.memory import memory_told
from seglab.networks.names import WIDTHS
from seglab.networks.precision import resolve_device, resolve_precision
from seglab.saliency.fill import Maps, open_maps
from seglab.saliency.settings import Settings
from seglab.superpixels.targets import Targets, TargetSettings, open_targets
from seglab.tracking.run import Run, start_run
from seglab.tracking.spool import known_as
from seglab.training.checkpoint import BEST, LAST, About, load, load_best, network_of, told_anew
from seglab.training.config import TrainConfig
from seglab.training.folding import fold
from seglab.training.group import ALONE, Group, joined
from seglab.training.loop import Recorder, Silent, fit
from seglab.training.progress import EpochMetrics
from seglab.training.tasks import task_of

MODEL = "model"
"""Name under which a run's best network is logged."""

MAY_DIFFER = ("data_dir", "device", "workers", "resume")
"""Fields a resumed training may be given anew: they move work about, but change no number."""


@dataclass(frozen=True)
class Plan:
    """Everything a training needs, checked and opened before its run starts."""

    config: TrainConfig
    about: About
    pictures: PictureSet
    inputs: Inputs
    maps: Maps | None
    targets: Targets | None
    device: torch.device

    def samples(self, part: str) -> Samples:
        """Tiles of train or val with their masks, or crops with what is painted there.

        Crops move from epoch to epoch in training; in validation they stay.
        """
        config = self.config
        names = self.pictures.names(config.split, part, config.pictures)
        if self.targets is None:
            return TileSet(self.pictures, names, self.inputs, config.tile, self.maps)
        seed = config.seed if part == "train" else None
        return CropSet(
            self.pictures, names, self.inputs, config.crop, self.targets, self.maps, seed
        )

    def recipe(self) -> str:
        """Digest of all that determines the trained network: runs of one recipe are one result.

        Parameters, arithmetic, data, saliency maps, painted targets and the code's own digest.
        """
        config = {k: v for k, v in asdict(self.config).items() if k not in MAY_DIFFER}
        made_from = [self.maps.digest if self.maps else "", self.pictures.digest]
        made_from += [self.targets.digest if self.targets else "", self.about.precision]
        return digest_of(json.dumps(config, sort_keys=True), *made_from, code_digest())

    def made_from(self) -> dict[str, str]:
        """Data, maps (of any rule) and targets in words, with a digest of each."""
        maps, targets = self.maps, self.targets
        found = {"data": f"{self.pictures.title}, digest {self.pictures.digest}"}
        if maps:
            told = saliency_title(maps.settings)
            found["saliency maps"] = f"{told}, digest {maps.settings.digest}"
        if targets:
            told = target_title(targets.settings)
            found["painted targets"] = f"{told}, digest {targets.digest}"
        return found

    def tags(self) -> dict[str, str]:
        """What tables and the dashboard show of this training."""
        tags = {
            "seglab.dataset_title": self.pictures.title,
            "seglab.experiment_title": experiment_title(self.config, self.inputs),
            "seglab.task": self.config.learns,
            "seglab.width": str(self.config.width or WIDTHS[self.config.model]),
            "seglab.data_digest": self.pictures.digest,
            "seglab.precision": self.about.precision,
            "seglab.device": str(self.device),
        }
        if self.targets:
            tags |= target_tags(self.targets.settings, self.targets.digest)
        if not self.config.resume:
            # A run that goes on keeps the recipe that it was begun by.
            tags |= {"seglab.code_digest": code_digest(), "seglab.recipe": self.recipe()}
        return tags | (saliency_tags(self.maps.settings, self.maps.digest) if self.maps else {})


def train(config: TrainConfig) -> None:
    """Trains, or goes on with the run ``config.resume`` names.

    Under ``torchrun`` all its processes train one network, and the first logs the run.
    """
    with joined() as group:
        plan = plan_training(config)
        if not group.leads:
            learn(plan, run_folder(config.data_dir, group.told("")), Silent(), group)
            return
        with start_run(
            plan.tags()["seglab.experiment_title"],
            params=asdict(plan.config),
            tags=plan.tags(),
            resume=config.resume,
        ) as run:
            group.told(run.id)
            train_into(run, plan, group=group)
    scores = "superpixels" if plan.targets else "evaluate"
    print(f"\ntrained run {run.id}; score it with\n  {RUN} -e {scores} -P run={run.id}")


def plan_training(config: TrainConfig) -> Plan:
    """Opens what ``config`` names; faults of flags, data, maps and checkpoint are raised here."""
    last = load(run_folder(config.data_dir, config.resume) / LAST) if config.resume else None
    if last:
        config = resumed_config(config, last["about"]["config"])
    device = resolve_device(config.device)
    inputs = parse_inputs(config.inputs)
    pictures = open_pictures(config.data_dir, config.dataset)
    for part in ("train", "val"):
        if not pictures.names(config.split, part):
            raise DataError(f"{pictures.title} has no pictures in {part}, so nothing can be learnt")
    stored = About(**last["about"]) if last else None
    maps = targets = None
    if inputs.rule:
        made = Settings.from_dict(stored.saliency) if stored and stored.saliency else None
        maps = open_maps(config.data_dir, pictures, inputs.rule, made)
    if config.learns == "superpixels":
        painted = TargetSettings.from_dict(stored.targets) if stored and stored.targets else None
        targets = open_targets(config.data_dir, pictures, painted)
    about = About(
        config=asdict(config),
        channels=inputs.channels,
        classes=task_of(config).classes,
        precision=stored.precision if stored else resolve_precision(config.precision, device),
        data={"dataset": pictures.dataset, "title": pictures.title, "digest": pictures.digest},
        saliency=maps.settings.as_dict() if maps else None,
        targets=targets.settings.as_dict() if targets else None,
    )
    if stored and stored.data != about.data:
        raise CheckpointError(
            f"run {config.resume} was trained on {stored.data}, but {pictures.folder} "
            f"now holds {about.data}; prepare the same data set again or start a new run"
        )
    return Plan(config, about, pictures, inputs, maps, targets, device)


def train_into(
    run: Run, plan: Plan, recorder: Recorder | None = None, group: Group = ALONE
) -> list[EpochMetrics]:
    """Trains as planned and logs curves, figure, data set and best network to ``run``.

    Each epoch goes to ``recorder``, if it is given, instead of the run. Returns the metrics of
    every epoch.
    """
    config = plan.config
    folder = run_folder(config.data_dir, run.id)
    if config.resume:
        # Epochs that were finished, but had not reached the store when the training was killed.
        run.history(list(enumerate(load(folder / LAST)["progress"]["history"], start=1)))
        told_anew(folder / BEST, plan.about)
    else:
        log_pictures(run, plan.pictures, "train")
        if plan.maps:
            maps = f"{plan.pictures.title} {plan.maps.rule} maps"
            source = str(plan.maps.cache.folder)
            run.dataset(plan.pictures.frame(), maps, plan.maps.digest, "train", source)
    history = learn(plan, folder, recorder or run, group)
    figures = {"training_curves": training_curves(history, task_of(config).labels)}
    if any(name.startswith("norm/") for name in history[0]):
        figures["adaptive_norm"] = norm_curves(history)
    for name, figure in figures.items():
        save_figure(figure, folder / f"{name}.png")
        run.artifact(folder / f"{name}.png", "figures")
    run.model(
        MODEL,
        folder / BEST,
        loader_module=served.__name__,
        takes=served.IMAGE,
        gives=served.answers(plan.about),
        metadata=asdict(plan.about),
        step=load_best(folder / BEST).epoch,
    )
    return history


def learn(plan: Plan, folder: Path, recorder: Recorder, group: Group) -> list[EpochMetrics]:
    """Trains as planned, with checkpoints in ``folder``."""
    torch.manual_seed(fold(plan.config.seed))
    train, val = plan.samples("train"), plan.samples("val")
    with memory_told(f"in a training with {sizes(plan.config)}", lower(plan.config)):
        network = network_of(plan.about)
        return fit(
            plan.config, network, train, val, plan.about, plan.device, folder, recorder, group
        )


def sizes(config: TrainConfig) -> str:
    """What a step's memory grows with, as flags."""
    side = "tile" if config.learns == "mask" else "crop"
    names = ("batch_size", "accumulation", side, "width")
    values = {name: getattr(config, name) for name in names}
    values["width"] = config.width or WIDTHS[config.model]
    return ", ".join(f"--{name}={value}" for name, value in values.items())


def lower(config: TrainConfig) -> str:
    """What to change when memory runs out: first what changes the network least."""
    if config.accumulation < config.batch_size:
        return f"raise --accumulation, up to {config.batch_size}, or lower --batch_size"
    return f"lower --{'tile' if config.learns == 'mask' else 'crop'} or --width"


def run_folder(data_dir: str, run_id: str) -> Path:
    """Where a run's checkpoints lie: under the id it was started with, which may be offline."""
    return here(data_dir) / "runs" / known_as(run_id)


def resumed_config(given: TrainConfig, stored: dict[str, Any]) -> TrainConfig:
    """The stored configuration; a flag given anew must agree with it, unless it may differ."""
    if strange := set(stored) ^ {field.name for field in fields(TrainConfig)}:
        raise CheckpointError(
            f"run {given.resume} was begun by another version of seglab, which differs in the "
            f"parameters {', '.join(sorted(strange))}: go on with that version, or start a new run"
        )
    faults = []
    for field in fields(TrainConfig):
        value = getattr(given, field.name)
        if field.name in MAY_DIFFER or value in (field.default, stored[field.name]):
            continue
        faults.append(f"--{field.name}={value}, but it was trained with {stored[field.name]}")
    if faults:
        raise CheckpointError(
            f"run {given.resume} cannot go on with other parameters: {'; '.join(faults)}. Leave "
            "these flags out, or start a new run"
        )
    kept = {name: value for name, value in stored.items() if name not in MAY_DIFFER}
    return replace(given, **kept)
