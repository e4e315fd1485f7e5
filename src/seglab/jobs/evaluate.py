"""The evaluate job: a trained run → scores of whole pictures, logged to that run."""

import tempfile
from dataclasses import asdict
from pathlib import Path

import pandas as pd
from torch import nn

from seglab.data.files import atomic_write
from seglab.data.inputs import parse_inputs
from seglab.data.pictures import PictureSet, open_pictures
from seglab.errors import RUN, ConfigError, DataError
from seglab.evaluation.config import EvaluateConfig
from seglab.evaluation.evaluate import evaluate as score
from seglab.evaluation.evaluate import summary
from seglab.jobs.last_epoch import last_epoch
from seglab.jobs.train import MODEL
from seglab.networks.precision import resolve_device
from seglab.saliency.fill import Maps, open_maps
from seglab.saliency.settings import Settings
from seglab.tracking.reader import download_model
from seglab.tracking.run import Run, open_run, start_run
from seglab.training.checkpoint import About, load_best

LAST_EPOCH = "evaluation_last"
"""How the names of the last epoch's scores begin; those of the best one are ``evaluation/…``."""


def evaluate(config: EvaluateConfig) -> None:
    """Scores the run ``config.run`` names."""
    tags = {"seglab.target_run": config.run}
    with (
        open_run(config.run) as target,
        start_run(f"evaluate {config.run[:8]}", params=asdict(config), tags=tags),
    ):
        evaluate_into(target, config)


def evaluate_into(run: Run, config: EvaluateConfig) -> None:
    """Predicts every picture with the run's best network; logs rows, scores and pictures to it.

    And rows and scores of its last epoch, where this machine has that epoch's checkpoint.
    """
    with tempfile.TemporaryDirectory() as scratch:
        trained = load_best(download_model(f"runs:/{run.id}/{MODEL}", Path(scratch)).checkpoint)
        if trained.about.classes > 1:
            raise ConfigError(
                f"--run={run.id} learnt superpixels, not masks: judge it with `{RUN} -e "
                f"superpixels -P run={run.id}`"
            )
        about = trained.about.config
        data_dir = config.data_dir or about["data_dir"]
        pictures, maps = open_data(trained.about, data_dir)
        names: dict[str, list[str]] = {
            part: pictures.names(about["split"], part, about["pictures"]) for part in config.splits
        }

        def scored(network: nn.Module, drawn: int, folder: Path) -> pd.DataFrame:
            return score(
                network,
                pictures,
                names,
                parse_inputs(about["inputs"]),
                about["tile"],
                maps,
                config.thresholds,
                drawn,
                folder,
                resolve_device("auto"),
                trained.about.precision,
            )

        folder = Path(scratch) / "evaluation"
        rows = scored(trained.network, config.pictures, folder)
        last = last_epoch(trained, run.id, data_dir)
        if last:
            same = last.epoch == trained.epoch
            last_rows = rows if same else scored(last.network, 0, Path(scratch) / "last")
            atomic_write(folder / "per_image_last.parquet", last_rows.to_parquet)
        run.artifacts(folder, "evaluation")
    tell(f"best epoch, {trained.epoch}", rows)
    run.metrics(summary(rows), step=trained.epoch)
    if last:
        tell(f"last epoch, {last.epoch}", last_rows)
        run.metrics(summary(last_rows, LAST_EPOCH), step=last.epoch)


def tell(which: str, rows: pd.DataFrame) -> None:
    """Prints the scores of an epoch, part by part."""
    print(f"{which}:")
    scores = summary(rows)
    for part in rows["part"].unique():
        keys = [f"evaluation/{part}/{name}" for name in ("iou", "dice")]
        iou, dice = (f"{scores[key]:.3f} ± {scores[f'{key}_std']:.3f}" for key in keys)
        print(f"{part:>5}  IoU {iou}  Dice {dice}")


def open_data(about: About, data_dir: str) -> tuple[PictureSet, Maps | None]:
    """The data set and maps a network was trained on; refused if they are others now."""
    config = about.config
    try:
        pictures = open_pictures(data_dir, config["dataset"])
    except DataError as error:
        raise DataError(
            f"{error}; where it is elsewhere, name the folder: -P data_dir=…"
        ) from error
    if pictures.digest != about.data["digest"]:
        raise DataError(
            f"{pictures.folder} holds {pictures.title} with digest {pictures.digest}, but the run "
            f"was trained on {about.data['title']} with digest {about.data['digest']}; prepare "
            "that data set again"
        )
    if about.saliency is None:
        return pictures, None
    rule = parse_inputs(config["inputs"]).rule
    assert rule is not None
    settings = Settings.from_dict(about.saliency)
    return pictures, open_maps(data_dir, pictures, rule, settings)
