"""Parameters of jobs that join several others; light to import, so that ``--help`` stays fast."""

from dataclasses import dataclass
from typing import Literal

from seglab.data.config import DatasetConfig, InputsName
from seglab.errors import ConfigError
from seglab.launching.config import LaunchConfig


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
        faults = [
            f"--{name}={getattr(self, name)} must be at least {value}"
            for name, value in {"epochs": 1, "seed": 0}.items()
            if getattr(self, name) < value
        ]
        if faults:
            raise ConfigError("; ".join(faults))


Table = Literal["saliency", "superpixels", "all"]
ReproduceSplit = Literal["published", "grouped", "both"]
Scale = Literal["published", "narrow", "small"]
ReproduceDataset = Literal["published", "sample", "icoseg", "inria", "folder", "coco", "bsds500"]


@dataclass(frozen=True, kw_only=True)
class ReproduceConfig(LaunchConfig):
    """Runs the rows of the published tables, each an ordinary run with its scores."""

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
    split: ReproduceSplit = "published"
    """Who trains and who tests: published (the study's lists), grouped (a scene stays on one side)
    or both, each row on either."""
    scale: Scale = "published"
    """Size: published (as in the studies), narrow (all as published, but for a network of width 8:
    minutes a row on two cores) or small (few epochs and a sample of the pictures too: minutes
    altogether, and no reproduction)."""
    unseen: str = ""
    """Picture file, folder or s3:// prefix of pictures of other categories, at most 12: the report
    shows what the network of each row of the saliency table says of them; empty shows none."""
    data_dir: str = "data"
    """Folder of prepared data sets, caches and training checkpoints; an s3:// prefix shares all of
    it but checkpoints."""
    workers: int = 1
    """Rows in hand at once, each in a process of its own; GPUs are shared out among them. Workers
    on other machines need data_dir on storage that all share."""

    def __post_init__(self) -> None:
        faults = [
            f"--{name}={getattr(self, name)} must be at least 1"
            for name in ("seeds", "workers")
            if getattr(self, name) < 1
        ]
        faults += self.launch_faults()
        if self.unseen and self.table == "superpixels":
            faults.append("--unseen is of no use with --table=superpixels; leave it out")
        if faults:
            raise ConfigError("; ".join(faults))
