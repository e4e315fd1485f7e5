"""The arrays that fast marching works on."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float32, Int32
from numba import njit

from seglab.superpixels.marching import (
    BACK,
    BITS,
    BUCKETS,
    MAX_EXPONENT,
    NEXT,
    OUTSIDE,
    RECORD,
    STATE,
    TABLE_FROM,
    TABLE_TO,
    TIME,
    UNREACHED,
)

WIDTH = int(RECORD)


class Field(NamedTuple):
    """Records (see ``marching``) of a padded picture, of its queue and of k superpixels."""

    words: Int32[np.ndarray, " n"]
    reals: Float32[np.ndarray, " n"]
    """The same memory."""
    pixels: int
    """How many there are, padding included."""
    row: int
    """Step from a pixel's address to that below."""
    queue: int
    """Address of the first bucket."""
    superpixels: int
    """Address of the first superpixel."""
    end: int
    """Address that ends all lists."""
    place: Int32[np.ndarray, " k"]
    """Address of each superpixel's pixel of latest arrival away from its border."""
    lateness: Float32[np.ndarray, " k"]
    """Arrival time there, or more than that where it is not known."""
    known: Bool[np.ndarray, " k"]

    def inside(self, pad: int) -> tuple[Int32[np.ndarray, "h w 8"], Float32[np.ndarray, "h w 8"]]:
        """The records of the picture without its ``pad``, as words and as reals."""
        words, reals = (
            memory[: self.queue].reshape(-1, self.row // WIDTH, WIDTH)[pad:-pad, pad:-pad]
            for memory in (self.words, self.reals)
        )
        return words, reals


def blank_field(height: int, width: int, pad: int, superpixels: int) -> Field:
    """A picture with ``pad`` pixels around it, without colours; no pixel is reached yet."""
    pixels = (height + 2 * pad) * (width + 2 * pad)
    records = pixels + BUCKETS + superpixels + 1
    # Numpy aligns to 16 bytes, but a record that begins at 32 lies in one line of the cache.
    memory = np.empty((records + 1) * WIDTH, np.int32)
    start = -(memory.ctypes.data // 4) % WIDTH
    words = memory[start : start + records * WIDTH]
    field = Field(
        words=words,
        reals=words.view(np.float32),
        pixels=pixels,
        row=(width + 2 * pad) * WIDTH,
        queue=pixels * WIDTH,
        superpixels=(pixels + BUCKETS) * WIDTH,
        end=(records - 1) * WIDTH,
        place=np.zeros(superpixels, np.int32),
        lateness=np.zeros(superpixels, np.float32),
        known=np.zeros(superpixels, np.bool_),
    )
    _empty(field, pad)
    return field


@njit(cache=True)
def _empty(field, pad):  # type: ignore[no-untyped-def]
    """No pixel is reached, and each is a list of its own; all other lists are empty."""
    words, reals, row = field.words, field.reals, field.row
    for at in range(0, len(words), WIDTH):
        words[at + STATE] = OUTSIDE
        words[at + NEXT] = at if at < field.queue else field.end
        words[at + BACK] = at
    for top in range(pad * row, field.queue - pad * row, row):
        for at in range(top + pad * WIDTH, top + row - pad * WIDTH, WIDTH):
            reals[at + TIME] = np.inf
            words[at + STATE] = UNREACHED


@lru_cache(maxsize=16)
def slowness_table(color_weight: float) -> Float32[np.ndarray, " steps"]:
    """exp(color_weight · √(d²/3)) by the upper bits of d², precise to 1/128 octave of it.

    d² is the squared distance of two normalised Lab colours; its root over three channels is the
    original study's colour distance. Shared by all calls: not to be written to.
    """
    steps = np.arange(TABLE_FROM, TABLE_TO, dtype=np.int32)
    middle = ((steps << BITS) + (1 << (BITS - 1))).view(np.float32).astype(float)
    exponent = np.minimum(color_weight * np.sqrt(middle / 3), MAX_EXPONENT)
    exponent[0] = 0  # stands for all smaller distances too
    return np.exp(exponent).astype(np.float32)
