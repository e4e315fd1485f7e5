"""The train job: prepared data and cached maps → a trained network, logged as one MLflow run."""

from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import torch

from seglab.data.inputs import Inputs, parse_inputs
from seglab.data.pictures import PictureSet, open_pictures
from seglab.data.tileset import TileSet
from seglab.errors import CheckpointError
from seglab.figures.curves import training_curves
from seglab.figures.style import save_figure
from seglab.jobs.describe import experiment_title, log_pictures, saliency_tags
from seglab.networks.build import build
from seglab.networks.precision import resolve_device, resolve_precision
from seglab.saliency.fill import Maps, open_maps
from seglab.saliency.settings import Settings
from seglab.tracking.run import Run, start_run
from seglab.training.checkpoint import BEST, LAST, About, load, load_best
from seglab.training.config import TrainConfig
from seglab.training.loop import fit
from seglab.training.randomness import fold

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
    device: torch.device

    def tiles(self, part: str) -> TileSet:
        """The tiles of train, val or test."""
        names = self.pictures.names(self.config.split, part)
        return TileSet(self.pictures, names, self.inputs, self.config.tile, self.maps)

    def tags(self) -> dict[str, str]:
        """What tables and the dashboard show of this training."""
        tags = {
            "seglab.dataset_title": self.pictures.title,
            "seglab.experiment_title": experiment_title(self.config.model, self.inputs),
            "seglab.data_digest": self.pictures.digest,
            "seglab.precision": self.about.precision,
            "seglab.device": str(self.device),
        }
        return tags | (saliency_tags(self.maps.settings, self.maps.digest) if self.maps else {})


def train(config: TrainConfig) -> None:
    """Trains, or goes on with the run ``config.resume`` names."""
    plan = plan_training(config)
    with start_run(
        plan.tags()["seglab.experiment_title"],
        params=asdict(plan.config),
        tags=plan.tags(),
        resume=config.resume,
    ) as run:
        train_into(run, plan)
        print(f"\ntrained run {run.id}; score it with\n  mlflow run . -e evaluate -P run={run.id}")


def plan_training(config: TrainConfig) -> Plan:
    """Opens what ``config`` names; faults of flags, data, maps and checkpoint are raised here."""
    last = load(run_folder(config, config.resume) / LAST) if config.resume else None
    if last:
        config = resumed_config(config, last["about"]["config"])
    device = resolve_device(config.device)
    inputs = parse_inputs(config.inputs)
    pictures = open_pictures(config.data_dir, config.dataset)
    stored = last["about"]["saliency"] if last else None
    settings = Settings.from_dict(stored) if stored else None
    maps = open_maps(config.data_dir, pictures, inputs.rule, settings) if inputs.rule else None
    about = About(
        config=asdict(config),
        channels=inputs.channels,
        precision=(
            last["about"]["precision"] if last else resolve_precision(config.precision, device)
        ),
        data={"dataset": pictures.dataset, "title": pictures.title, "digest": pictures.digest},
        saliency=maps.settings.as_dict() if maps else None,
    )
    if last and last["about"]["data"] != about.data:
        raise CheckpointError(
            f"run {config.resume} was trained on {last['about']['data']}, but {pictures.folder} "
            f"now holds {about.data}; prepare the same data set again or start a new run"
        )
    for part in ("train", "val"):
        pictures.names(config.split, part)
    return Plan(config, about, pictures, inputs, maps, device)


def train_into(run: Run, plan: Plan) -> None:
    """Trains as planned and logs curves, figure, data set and best network to ``run``."""
    config = plan.config
    folder = run_folder(config, run.id)
    if config.resume:
        # Epochs that were finished, but had not reached the store when the training was killed.
        run.history(list(enumerate(load(folder / LAST)["progress"]["history"], start=1)))
    else:
        log_pictures(run, plan.pictures, "train")
        if plan.maps:
            maps = f"{plan.pictures.title} {plan.maps.rule} maps"
            source = str(plan.maps.cache.folder)
            run.dataset(plan.pictures.frame(), maps, plan.maps.digest, "train", source)
    torch.manual_seed(fold(config.seed))
    network = build(config.model, plan.about.channels, config.width)
    history = fit(
        config,
        network,
        plan.tiles("train"),
        plan.tiles("val"),
        plan.about,
        plan.device,
        folder,
        run,
    )
    save_figure(training_curves(history), folder / "training_curves.png")
    run.artifact(folder / "training_curves.png", "figures")
    run.model(
        MODEL,
        folder / BEST,
        loader_module="seglab.evaluation.model",
        channels=plan.about.channels,
        metadata=asdict(plan.about),
        step=load_best(folder / BEST).epoch,
    )


def run_folder(config: TrainConfig, run_id: str) -> Path:
    """Where a run's checkpoints lie."""
    return Path(config.data_dir) / "runs" / run_id


def resumed_config(given: TrainConfig, stored: dict[str, Any]) -> TrainConfig:
    """The stored configuration; a flag given anew must agree with it, unless it may differ."""
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
