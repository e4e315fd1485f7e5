"""What is known of a picture: the mask of its objects, or label maps of its segments."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8, UInt16

from seglab.data.decode import read_mask
from seglab.data.files import digest_array, digest_of


class Segment(NamedTuple):
    """One segment of a label map, or a crowd region, which label maps leave void."""

    annotation: int
    """Index of the label map it is in."""
    segment: int
    """Its number in the label map; 0 for a crowd region."""
    category: str
    """Name of its class; empty where the data set has none."""
    area: int
    """Pixels of it that are seen."""
    thing: bool
    """Whether it is a countable object, not stuff such as sky."""
    crowd: bool


@dataclass(frozen=True)
class Truth:
    """A mask (1 on the object, 0 elsewhere), or n label maps (0 is void) and their segments."""

    pixels: UInt8[np.ndarray, "h w"] | UInt16[np.ndarray, "n h w"]
    segments: tuple[Segment, ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        height, width = self.pixels.shape[-2:]
        return height, width

    @property
    def annotations(self) -> int:
        """Number of label maps; 0 for a mask."""
        return len(self.pixels) if self.pixels.ndim == 3 else 0

    @property
    def digest(self) -> str:
        """Of the pixels, and of the segments if there are any."""
        pixels = digest_array(self.pixels)
        words = [str(value) for segment in self.segments for value in segment]
        return digest_of(pixels, *words) if words else pixels


def mask_truth(path: Path) -> Truth:
    """The truth in a mask file; raises ``DataError`` as ``read_mask``."""
    return Truth(read_mask(path))
