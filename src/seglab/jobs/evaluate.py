"""The evaluate job: a trained run → scores of whole pictures, logged to that run."""

import tempfile
from dataclasses import asdict
from pathlib import Path

from seglab.data.inputs import parse_inputs
from seglab.data.pictures import PictureSet, open_pictures
from seglab.errors import RUN, ConfigError, DataError
from seglab.evaluation.config import EvaluateConfig
from seglab.evaluation.evaluate import evaluate as score
from seglab.evaluation.evaluate import summary
from seglab.jobs.train import MODEL
from seglab.networks.precision import resolve_device
from seglab.saliency.fill import Maps, open_maps
from seglab.saliency.settings import Settings
from seglab.tracking.reader import download_model
from seglab.tracking.run import Run, open_run, start_run
from seglab.training.checkpoint import About, load_best


def evaluate(config: EvaluateConfig) -> None:
    """Scores the run ``config.run`` names."""
    tags = {"seglab.target_run": config.run}
    with (
        open_run(config.run) as target,
        start_run(f"evaluate {config.run[:8]}", params=asdict(config), tags=tags),
    ):
        evaluate_into(target, config)


def evaluate_into(run: Run, config: EvaluateConfig) -> None:
    """Predicts every picture with the run's best network; logs rows, scores and pictures to it."""
    with tempfile.TemporaryDirectory() as scratch:
        trained = load_best(download_model(f"runs:/{run.id}/{MODEL}", Path(scratch)).checkpoint)
        if trained.about.classes > 1:
            raise ConfigError(
                f"--run={run.id} learnt superpixels, not masks: judge it with `{RUN} -e "
                f"superpixels -P run={run.id}`"
            )
        pictures, maps = open_data(trained.about)
        about = trained.about.config
        names: dict[str, list[str]] = {
            part: pictures.names(about["split"], part, about["pictures"]) for part in config.splits
        }
        folder = Path(scratch) / "evaluation"
        rows = score(
            trained.network,
            pictures,
            names,
            parse_inputs(about["inputs"]),
            about["tile"],
            maps,
            config.thresholds,
            config.pictures,
            folder,
            resolve_device("auto"),
            trained.about.precision,
        )
        run.artifacts(folder, "evaluation")
    scores = summary(rows)
    run.metrics(scores, step=trained.epoch)
    for part in config.splits:
        iou, dice = (scores[f"evaluation/{part}/{name}"] for name in ("iou", "dice"))
        spread = scores[f"evaluation/{part}/iou_std"], scores[f"evaluation/{part}/dice_std"]
        print(f"{part:>5}  IoU {iou:.3f} ± {spread[0]:.3f}  Dice {dice:.3f} ± {spread[1]:.3f}")


def open_data(about: About) -> tuple[PictureSet, Maps | None]:
    """The data set and maps a network was trained on; refused if they are others now."""
    config = about.config
    pictures = open_pictures(config["data_dir"], config["dataset"])
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
    return pictures, open_maps(config["data_dir"], pictures, rule, settings)
