"""What runs say about their data, maps and network, in the words of the studies."""

from pathlib import Path

from seglab.data.inputs import Inputs
from seglab.data.pictures import PictureSet
from seglab.networks.names import TITLES
from seglab.saliency.settings import Settings
from seglab.superpixels.targets import TargetSettings
from seglab.tracking.run import Run
from seglab.training.config import TrainConfig


def experiment_title(config: TrainConfig, inputs: Inputs) -> str:
    """A row's name in the published tables: "UNet RGB SAL MAP GUIDED", "CAN d=7 RGB"."""
    title = TITLES[config.model]
    if config.model != "unet":
        title += f" d={config.depth}"
    return f"{title} {inputs.title}"


def saliency_tags(settings: Settings, digest: str) -> dict[str, str]:
    """Which maps: weights, target and preprocessing; digests of the weights, of all that changes a
    map beside pixels and rule, and of all the maps."""
    return {
        "seglab.saliency": saliency_title(settings),
        "seglab.saliency_weights_digest": settings.weights_digest,
        "seglab.saliency_settings": settings.digest,
        "seglab.saliency_digest": digest,
    }


def saliency_title(settings: Settings) -> str:
    """Weights, target and preprocessing of maps, as tables print them."""
    weights = "RANDOM WEIGHTS" if settings.weights == "random" else Path(settings.weights).name
    return f"{weights} · {settings.target} · {settings.preprocessing}"


def target_tags(settings: TargetSettings, digest: str) -> dict[str, str]:
    """Which painted targets: superpixels and weights, digest of all the targets."""
    return {"seglab.targets": target_title(settings), "seglab.targets_digest": digest}


def target_title(settings: TargetSettings) -> str:
    """Superpixels and weights of painted targets, as tables print them."""
    return (
        f"{settings.superpixels} superpixels · color {settings.color_weight:g} · "
        f"mask {settings.mask_weight:g}"
    )


def log_pictures(run: Run, pictures: PictureSet, context: str) -> None:
    """Logs a data set as input of ``run``, with the digest that tells it from every other."""
    run.dataset(pictures.frame(), pictures.title, pictures.digest, context, pictures.source)
    run.tags({"seglab.dataset_title": pictures.title, "seglab.data_digest": pictures.digest})
