"""Painted targets: each photo with every superpixel in its mean colour, cached by content.

What networks of this line learn. After T. Dumont and B. Figliuzzi's study: superpixels of the photo
and of its segments, painted with the photo's mean colours. ``painting`` makes them; whoever reads
them needs no numba, whose import takes half a second.
"""

from dataclasses import dataclass

from seglab.data.cache import open_cache
from seglab.data.computed import Computed, StoredSettings, command, read_latest
from seglab.data.files import digest_of
from seglab.data.pictures import Picture, PictureSet
from seglab.errors import ConfigError
from seglab.superpixels.config import JUDGING, truth_fault

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
