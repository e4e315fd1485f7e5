"""Parameters of jobs that join several others; light to import, so that ``--help`` stays fast."""

from dataclasses import dataclass
from typing import Literal

from seglab.data.config import DatasetConfig, InputsName, SplitName
from seglab.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class DemoConfig(DatasetConfig):
    """The whole line in one run: prepare, saliency, a small UNet, evaluation, results table."""

    inputs: InputsName = "rgb+guided"
    """What the network sees: RGB, a saliency map, or both stacked."""
    epochs: int = 10
    """Passes over the training tiles."""
    seed: int = 0
    """Seed of initial weights, order of tiles and dropout."""

    def __post_init__(self) -> None:
        if self.epochs < 1:
            raise ConfigError(f"--epochs={self.epochs} must be at least 1")


Table = Literal["saliency", "superpixels", "all"]
Scale = Literal["published", "small"]
ReproduceDataset = Literal["published", "sample", "icoseg", "inria", "folder", "coco", "bsds500"]


@dataclass(frozen=True, kw_only=True)
class ReproduceConfig:
    """Runs the rows of the published tables, each an ordinary training with its scores."""

    table: Table = "saliency"
    """The published table: saliency (UNet and saliency maps), superpixels (CAN), or all."""
    only: tuple[str, ...] = ()
    """Rows to run, comma-separated, by their keys (icoseg/rgb+guided) or what stands behind the
    stroke (rgb+guided); empty runs all."""
    seeds: int = 1
    """Trainings a row, with the seeds 0, 1 …; verdicts on claims need 3."""
    dataset: ReproduceDataset = "published"
    """Data: published (each row's own), or one data set: the rows published for it, or, where there
    are none, all rows on it."""
    split: SplitName = "published"
    """Who trains and who tests: published (the study's lists) or grouped (a scene stays on one
    side)."""
    scale: Scale = "published"
    """Size: published (as in the studies) or small (a narrow network, few epochs, a sample of the
    pictures: minutes on two cores, and no reproduction)."""
    data_dir: str = "data"
    """Folder of prepared data sets, caches and training checkpoints."""

    def __post_init__(self) -> None:
        if self.seeds < 1:
            raise ConfigError(f"--seeds={self.seeds} must be at least 1")
