"""The arrays that fast marching works on."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Int32

from seglab.superpixels.marching import (
    BITS,
    BUCKETS,
    MAX_EXPONENT,
    OUTSIDE,
    TABLE_FROM,
    TABLE_TO,
    UNREACHED,
)


class Field(NamedTuple):
    """A padded picture of n pixels under k fronts.

    Pixel (y, x) is at (y + pad) · stride + x + pad.
    """

    stride: int
    colors: Float32[np.ndarray, "n 3"]
    state: Int32[np.ndarray, " n"]
    """2 · superpixel + (1 if settled), or UNREACHED, or OUTSIDE (which reads as settled)."""
    times: Float32[np.ndarray, " n"]
    following: Int32[np.ndarray, " n+lists+1"]
    """Successor in a pixel's list; the heads of buckets, of superpixels and an end come last."""
    preceding: Int32[np.ndarray, " n+lists+1"]
    front: Float32[np.ndarray, "k 4"]
    """The colour that a front compares with, and of how many pixels it is the mean (its seed counts
    twice, as in the original study)."""
    segment: Int32[np.ndarray, " k"]
    """Segment of the front's seed."""
    place: Int32[np.ndarray, " k"]
    """Each superpixel's pixel of latest arrival away from its border."""
    lateness: Float32[np.ndarray, " k"]
    """Arrival time there, or UNKNOWN."""


def blank_field(lab: Float32[np.ndarray, "h w 3"], pad: int, superpixels: int) -> Field:
    """No pixel of ``lab``, which has ``pad`` pixels around the picture, is reached yet."""
    state = np.full(lab.shape[:2], OUTSIDE)
    state[pad:-pad, pad:-pad] = UNREACHED
    following = np.arange(state.size + BUCKETS + superpixels + 1, dtype=np.int32)
    following[state.size :] = following[-1]
    return Field(
        stride=lab.shape[1],
        colors=lab.reshape(-1, 3),
        state=state.ravel(),
        times=np.full(state.size, np.inf, np.float32),
        following=following,
        preceding=following.copy(),
        front=np.empty((superpixels, 4), np.float32),
        segment=np.zeros(superpixels, np.int32),
        place=np.zeros(superpixels, np.int32),
        lateness=np.zeros(superpixels, np.float32),
    )


def slowness_table(color_weight: float) -> Float32[np.ndarray, " steps"]:
    """exp(color_weight · √(d²/3)) by the upper bits of d², precise to 1/128 octave of it.

    d² is the squared distance of two normalised Lab colours; its root over three channels is the
    original study's colour distance.
    """
    steps = np.arange(TABLE_FROM, TABLE_TO, dtype=np.int32)
    middle = ((steps << BITS) + (1 << (BITS - 1))).view(np.float32).astype(float)
    exponent = np.minimum(color_weight * np.sqrt(middle / 3), MAX_EXPONENT)
    exponent[0] = 0  # stands for all smaller distances too
    return np.exp(exponent).astype(np.float32)
