"""Painted targets: each photo with every superpixel in its mean colour, cached by content.

What networks of this line learn. After T. Dumont and B. Figliuzzi's study: superpixels of the photo
and of its segments, painted with the photo's mean colours.
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from jaxtyping import Integer, UInt8
from tqdm import tqdm

from seglab.data.cache import open_cache, publish_cache
from seglab.data.computed import (
    Computed,
    StoredSettings,
    command,
    read_latest,
    write_latest,
)
from seglab.data.files import digest_of
from seglab.data.pictures import Picture, PictureSet
from seglab.data.processes import processors, spread
from seglab.errors import ConfigError
from seglab.superpixels.config import JUDGING, TargetsConfig, truth_fault
from seglab.superpixels.eikonal import eikonal

JOB = "targets"
"""The job that paints; names the cache and the note of its latest settings."""
CODE_VERSION = "1"
"""Raised when superpixels or paint change, so that old targets are never taken."""


@dataclass(frozen=True, kw_only=True)
class TargetSettings(StoredSettings):
    """Everything that determines a target beside the picture and its segments."""

    superpixels: int
    color_weight: float
    mask_weight: float

    def key(self, picture: Picture) -> str:
        """The name of a picture's target: a digest of all that determines it.

        Without mask weight the segments determine nothing.
        """
        segments = picture.truth_digest if self.mask_weight else ""
        values = (str(float(value)) for value in self.as_dict().values())
        return digest_of(*values, picture.image_digest, segments, CODE_VERSION)


@dataclass(frozen=True)
class Targets(Computed):
    """The targets of a data set: ``targets(name)`` is (h, w, 3)."""

    settings: TargetSettings


@dataclass(frozen=True)
class Filled:
    """What a fill did."""

    targets: Targets
    painted: int
    reused: int


@dataclass(frozen=True)
class Painter:
    """Paints the pictures of a data set into its cache, one at a call, by name."""

    pictures: PictureSet
    targets: Targets

    def __call__(self, name: str) -> None:
        """Paints and stores the target of picture ``name``."""
        settings = self.targets.settings
        image = self.pictures.image(name)
        labels = eikonal(
            image,
            settings.superpixels,
            settings.color_weight,
            mask=self.pictures.segments(name)[0] if settings.mask_weight else None,
            mask_weight=settings.mask_weight,
        )
        self.targets.cache.store(self.targets.keys[name], paint(image, labels))


def paint(
    image: UInt8[np.ndarray, "h w 3"], labels: Integer[np.ndarray, "h w"]
) -> UInt8[np.ndarray, "h w 3"]:
    """The picture with every superpixel 0…K-1 in its mean colour, rounded to nearest, ½ up."""
    places = labels.ravel()
    areas = np.bincount(places)
    sums = (np.bincount(places, image[..., channel].ravel()) for channel in range(3))
    # Sums are whole numbers, exact in floating point; so is all that follows.
    doubled = 2 * np.stack([each.astype(np.int64) for each in sums], axis=1)
    areas = np.maximum(areas, 1)[:, None]
    colors = ((doubled + areas) // (2 * areas)).astype(np.uint8)
    return colors[labels]


def fill_targets(
    config: TargetsConfig, pictures: PictureSet, names: Collection[str] | None = None
) -> Filled:
    """Completes the cache for ``pictures`` and notes the settings as the data set's latest.

    With ``names``, for these alone, and nothing is noted: others see to the rest.

    Every target is stored as soon as it is painted, so that a killed fill goes on from there; where
    nothing is missing, nothing is painted. Several processes may fill one cache at once. Raises
    ``ConfigError`` where segments that judge superpixels would make them.
    """
    settings = TargetSettings(
        superpixels=config.superpixels,
        color_weight=config.color_weight,
        mask_weight=config.mask_weight,
    )
    targets = describe(config.data_dir, pictures, settings)
    targets.cache.sweep()
    wanted = [name for name in targets.keys if names is None or name in names]
    missing = [name for name in wanted if not targets.cache.has(targets.keys[name])]
    done = spread(Painter(pictures, targets), missing, config.workers or processors())
    for _ in tqdm(done, "painted targets", len(missing), unit="picture", disable=not missing):
        pass
    publish_cache(config.data_dir, JOB, (targets.keys[name] for name in wanted))
    if names is None:
        write_latest(config.data_dir, pictures, JOB, settings, targets.digest)
    return Filled(targets, len(missing), len(wanted) - len(missing))


def open_targets(
    data_dir: str, pictures: PictureSet, settings: TargetSettings | None = None
) -> Targets:
    """The targets of all ``pictures``, each checked to be there and whole.

    ``settings`` are those of a trained run; without them, those of the data set's latest targets
    job count. Raises ``CacheError`` with the command that paints what is missing.
    """
    if settings is None:
        needed = {"mask_weight": 0} if pictures.dataset in JUDGING else {}
        remedy = f"run {command(JOB, data_dir, pictures, needed)}"
        settings = read_latest(pictures, JOB, TargetSettings, "painted targets", remedy)
    targets = describe(data_dir, pictures, settings)
    targets.refuse_missing(
        f"painted targets of {pictures.title}",
        f"run {command(JOB, data_dir, pictures, settings.as_dict())}",
    )
    return targets


def describe(data_dir: str, pictures: PictureSet, settings: TargetSettings) -> Targets:
    """The targets of ``pictures``, there or not."""
    if fault := truth_fault(pictures.dataset, settings.mask_weight):
        raise ConfigError(fault)
    keys = {picture.name: settings.key(picture) for picture in pictures.pictures}
    return Targets(open_cache(data_dir, JOB, keys.values()), keys, settings)
