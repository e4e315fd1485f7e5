"""Eikonal superpixels: fronts from seeds advance slowly where colours differ from the seed's.

After K. Chang and B. Figliuzzi, "Fast marching based superpixels", Mathematical Morphology – Theory
and Applications 4, 2020, in the setting of the original study.
"""

from functools import lru_cache
from math import exp, isfinite, sqrt

import numpy as np
from jaxtyping import Int, Int32, Integer, UInt8

from seglab.errors import ConfigError, DataError
from seglab.superpixels.colors import normalise
from seglab.superpixels.field import blank_field, slowness_table
from seglab.superpixels.marching import (
    C0,
    C2,
    MAX_EXPONENT,
    RECORD,
    SEGMENT,
    STATE,
    segment,
)
from seglab.superpixels.seeds import cell_side, flattest_pixels

RECORD_BITS = int(RECORD).bit_length() - 1
PAD = 4
"""Pixels around the picture: no search for inner pixels, 3 + 1 wide, need ask where it ends."""
MOST_RECORDS = 2**28 - 2**14
"""Of pixels, padding and superpixels, whose addresses are below 2³¹ beside those of the queue."""
BATCHES = 20
"""Seeds are added in batches of a 20th of all: the original study's 20 of 400."""


def eikonal(
    image: UInt8[np.ndarray, "h w 3"],
    superpixels: int = 400,
    color_weight: float = 7.0,
    update: bool = True,
    mask: Integer[np.ndarray, "h w"] | None = None,
    mask_weight: float = 0.0,
) -> Int32[np.ndarray, "h w"]:
    """Labels 0…K-1 of ``superpixels`` 4-connected regions; every pixel has one.

    Fronts start at the flattest pixels of a grid, each a region; more seeds are set where fronts
    arrive last, until there are as many as asked for (or as the picture has pixels). Slowness is
    exp(color_weight · dC + mask_weight · dM): dC is the root mean square distance over Lab channels
    of mean 0 and standard deviation 1 between a pixel and its front, whose colour is the running
    mean of its pixels (``update``) or stays the seed's; dM is 0 or 1: the same or another segment
    in ``mask`` than the seed's. The smaller a weight, the more compact the regions.

    The result is a function of the arguments alone. Raises ``ConfigError`` for numbers out of
    range and ``DataError`` for a picture of some 2²⁸ pixels, a mask of another size or one with
    ids beyond 32 bits.
    """
    height, width = image.shape[:2]
    pixels = height * width
    refuse(height, width, superpixels, color_weight, mask, mask_weight)
    if superpixels >= pixels:
        return np.arange(pixels, dtype=np.int32).reshape(height, width)
    field = blank_field(height, width, PAD, superpixels)
    words, reals = field.inside(PAD)
    grey = normalise(image, reals[..., C0 : C2 + 1])
    if mask is not None:
        words[..., SEGMENT] = mask
    first = flattest_pixels(grey, cell_side(height, width, superpixels))
    seeds = np.zeros(superpixels, np.int32)
    seeds[: len(first)] = (first + PAD) @ (field.row, RECORD)
    radius = min(PAD - 1, int(sqrt(pixels / superpixels)) // 6)
    segment(
        field,
        seeds,
        len(first),
        max(1, superpixels // BATCHES),
        inner_offsets(radius, field.row),
        slowness_table(color_weight),
        None if mask is None else np.float32(exp(min(mask_weight, MAX_EXPONENT))),
        update,
    )
    labels: Int32[np.ndarray, "h w"] = words[..., STATE] - field.superpixels
    labels >>= RECORD_BITS
    return labels


def refuse(
    height: int,
    width: int,
    superpixels: int,
    color_weight: float,
    mask: Integer[np.ndarray, "h w"] | None,
    mask_weight: float,
) -> None:
    """Raises for arguments out of range, all of them at once."""
    faults = []
    if superpixels < 1:
        faults.append(f"--superpixels={superpixels} must be 1 or more")
    for flag, weight in (("--color-weight", color_weight), ("--mask-weight", mask_weight)):
        if not (isfinite(weight) and weight >= 0):
            faults.append(f"{flag}={weight} must be a finite number, 0 or more")
    if faults:
        raise ConfigError("; ".join(faults))
    if (height + 2 * PAD) * (width + 2 * PAD) + superpixels > MOST_RECORDS:
        raise DataError(f"a picture of {height}×{width} pixels is too large; cut it into parts")
    if mask is None:
        return
    if mask.shape != (height, width):
        raise DataError(
            f"the mask is {mask.shape[0]}×{mask.shape[1]}, its picture {height}×{width}; "
            "give the mask of this picture"
        )
    if mask.size and not -(2**31) <= mask.min() <= mask.max() < 2**31:
        raise DataError(
            f"segment ids from {mask.min()} to {mask.max()} exceed 32 bits; number them anew"
        )


@lru_cache(maxsize=16)
def inner_offsets(radius: int, row: int) -> Int[np.ndarray, " m"]:
    """Steps to addresses of all pixels within ``radius`` and of their 4-neighbours, far ones first.

    Shared by all calls: not to be written to.
    """
    reach = range(-radius - 1, radius + 2)
    disk = [(y, x) for y in reach for x in reach if y * y + x * x <= radius * radius]
    cross = ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1))
    grown = {(y + v, x + u) for y, x in disk for v, u in cross}
    far_first = sorted(grown, key=lambda at: (-(at[0] ** 2 + at[1] ** 2), at))
    return np.array([y * row + x * int(RECORD) for y, x in far_first])
