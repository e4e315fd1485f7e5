"""Paints targets: superpixels of each photo, in their mean colours, into the cache."""

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Integer, UInt8
from tqdm import tqdm

from seglab.data.cache import publish_cache
from seglab.data.computed import write_latest
from seglab.data.pictures import PictureSet
from seglab.data.processes import processors, spread
from seglab.superpixels.config import TargetsConfig
from seglab.superpixels.eikonal import eikonal
from seglab.superpixels.targets import JOB, Targets, TargetSettings, describe


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


def fill_share(config: TargetsConfig, pictures: PictureSet, names: list[str]) -> int:
    """How many targets a worker painted, alone on its processor."""
    alone = replace(config, workers=1, engine="local", ray_address="")
    return fill_targets(alone, pictures, names).painted
