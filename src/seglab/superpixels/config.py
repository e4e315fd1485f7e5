"""Parameters of the superpixels room; light to import, so that ``--help`` stays fast."""

from dataclasses import dataclass
from math import isfinite
from typing import Literal

from seglab.data.config import PARTS, DatasetConfig, DatasetName, PartName
from seglab.errors import ConfigError
from seglab.launching.config import LaunchConfig

Method = Literal[
    "eikonal", "slic", "slic_zero", "felzenszwalb", "watershed", "compact_watershed", "grid"
]
MOST_LABELS = 2**15
"""Superpixels that may be asked for where labels are stored in 16 bits: half of what these hold,
for some methods find more than they were asked for."""
JUDGING = ("bsds500",)
"""Data sets whose segments are the truth that superpixels are judged by, and so never make any."""


@dataclass(frozen=True, kw_only=True)
class SuperpixelsConfig(DatasetConfig):
    """Segments pictures, or what a network makes of them, and judges the superpixels."""

    dataset: DatasetName = "bsds500"
    """Prepared data set whose segments are the truth: bsds500, coco, or any other (a mask is one
    annotator). Not used where images are given."""
    splits: tuple[PartName, ...] = PARTS
    """Parts of the data set to judge on, comma-separated; parts that it has no pictures of are
    skipped."""
    images: str = ""
    """Picture file, folder of pictures or s3:// prefix to segment instead of a data set: labels and
    boundaries are logged as pictures, with the scores that need no annotator."""
    run: str = ""
    """Id of a training run that learnt painted superpixels: what its network makes of each picture
    is judged beside the picture itself; empty judges the pictures alone."""
    method: tuple[Method, ...] = ("eikonal",)
    """Superpixel methods, comma-separated."""
    superpixels: int = 400
    """Superpixels asked for; how many came out is a score."""
    color_weight: tuple[float, ...] = (7.0,)
    """Weights of colour in eikonal superpixels, comma-separated: the smaller, the more compact.
    Several make a curve, and have other methods run through compactnesses of their own."""
    update: bool = True
    """Colour that eikonal fronts compare with: the running mean of their pixels (true), or that of
    the seed (false), as in the original study."""
    workers: int = 0
    """Processes that segment at once; 0 takes one for each processor, 1 works in this process."""

    def __post_init__(self) -> None:
        faults = [
            f"--{name}={getattr(self, name)} must be at least {least}"
            for name, least in {"superpixels": 1, "workers": 0}.items()
            if getattr(self, name) < least
        ]
        for name in ("splits", "method", "color_weight"):
            values = getattr(self, name)
            if not values:
                faults.append(f"--{name} is empty: name at least one")
            faults += [f"--{name} has {value} twice" for value in repeated(values)]
        faults += [
            f"--color_weight: {weight} is not a finite number, 0 or more"
            for weight in self.color_weight
            if not (isfinite(weight) and weight >= 0)
        ]
        if "eikonal" not in self.method:
            if len(self.color_weight) == 1 and self.color_weight != type(self).color_weight:
                faults.append("--color_weight is eikonal's: add eikonal to --method, or leave it")
            if not self.update:
                faults.append("--update is eikonal's: add eikonal to --method, or leave it")
        if self.images:
            faults += [
                f"--{name} is of no use with --images; leave one out"
                for name in ("dataset", "splits")
                if getattr(self, name) != getattr(type(self), name)
            ]
            if self.superpixels > MOST_LABELS:
                faults.append(
                    f"--superpixels={self.superpixels} is above {MOST_LABELS}, the most whose "
                    "labels are stored"
                )
        if faults:
            raise ConfigError("; ".join(faults))


def repeated(values: tuple[object, ...]) -> list[object]:
    """What ``values`` hold more than once."""
    return [value for value in dict.fromkeys(values) if values.count(value) > 1]


@dataclass(frozen=True, kw_only=True)
class TargetsConfig(DatasetConfig, LaunchConfig):
    """Paints every picture of a data set by the mean colours of its superpixels, into the cache."""

    dataset: DatasetName = "coco"
    """Data set: coco, bsds500 (with mask_weight=0), or any other that is prepared."""
    superpixels: int = 400
    """Regions a picture is cut into."""
    mask_weight: float = 10.0
    """How much fronts are held up on pixels of another segment than their seed's: slowness is
    multiplied by exp(mask_weight), so that 10 all but stops them; 0 leaves segments out. Pixels
    without a segment (void, crowds) are one segment more."""
    color_weight: float = 7.0
    """How much fronts are held up by colours that differ from the mean of what they settled: the
    smaller, the more compact the superpixels. 7 in the original study, of the seed's colour."""
    workers: int = 0
    """Processes that paint at once; 0 takes one for each processor, 1 paints in this process. On
    other machines (engine=ray or slurm) they need data_dir on storage that all share."""

    def __post_init__(self) -> None:
        faults = self.launch_faults()
        if self.engine != "local" and not self.workers:
            faults.append(f"--engine={self.engine} needs --workers: how many paint at once")
        if self.superpixels < 1:
            faults.append(f"--superpixels={self.superpixels} must be at least 1")
        for name in ("mask_weight", "color_weight"):
            value = getattr(self, name)
            if not (isfinite(value) and value >= 0):
                faults.append(f"--{name}={value} must be a finite number, 0 or more")
        if self.workers < 0:
            faults.append(f"--workers={self.workers} must be at least 0")
        if fault := truth_fault(self.dataset, self.mask_weight):
            faults.append(fault)
        if faults:
            raise ConfigError("; ".join(faults))


def truth_fault(dataset: str, mask_weight: float) -> str:
    """What is wrong with holding fronts up at the segments of ``dataset``; empty if nothing is."""
    if dataset not in JUDGING or mask_weight == 0:
        return ""
    return (
        f"--mask_weight={mask_weight:g}: the segments of {dataset} are the truth that superpixels "
        "are judged by, and must not make them; pass -P mask_weight=0"
    )
