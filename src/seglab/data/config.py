"""Parameters of the data room; light to import, so that ``--help`` stays fast."""

from dataclasses import dataclass
from typing import Literal

from seglab.errors import ConfigError

DatasetName = Literal["sample", "icoseg", "inria", "folder", "coco", "bsds500"]
ANNOTATED: tuple[DatasetName, ...] = ("coco", "bsds500")
"""Data sets whose pictures carry segments instead of a mask."""
PartName = Literal["train", "val", "test"]
PARTS: tuple[PartName, ...] = ("train", "val", "test")
SplitName = Literal["published", "grouped"]
Rule = Literal["backprop", "deconv", "guided"]
"""Backward rule of a saliency map."""
InputsName = Literal[
    "rgb", "backprop", "deconv", "guided", "rgb+backprop", "rgb+deconv", "rgb+guided"
]


@dataclass(frozen=True, kw_only=True)
class DatasetConfig:
    """Which prepared data set a job works on."""

    dataset: DatasetName = "sample"
    """Data set: sample (drawn by code), icoseg (subset_80), inria (subset_chicago), folder (your
    own images/ and masks/), coco (2017, its panoptic or instance segments) or bsds500."""
    data_dir: str = "data"
    """Folder of prepared data sets, caches and training checkpoints; an s3:// prefix shares all of
    it but checkpoints."""


@dataclass(frozen=True, kw_only=True)
class PrepareConfig(DatasetConfig):
    """Checks a data set as its authors publish it and stores it ready for memory-mapped reading."""

    source: str = ""
    """The data set as published: a local folder, an archive (zip, tar) or an s3:// prefix; not
    needed for sample."""

    def __post_init__(self) -> None:
        if self.dataset == "sample" and self.source:
            raise ConfigError(
                f"--source={self.source} is of no use: dataset=sample is drawn by code; leave it "
                "out, or name another --dataset"
            )
        if self.dataset != "sample" and not self.source:
            raise ConfigError(
                f"--source is empty: say where the data set {self.dataset} lies as its authors "
                "publish it (a folder, an archive or an s3:// prefix)"
            )
