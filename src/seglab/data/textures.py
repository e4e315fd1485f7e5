"""Textures in [0, 1] for the sample data set, equal to the last bit on every machine.

Only +, −, ×, ÷, √, comparisons and rounding are used, which IEEE 754 defines exactly; sines and
powers differ in their last bits between processors.
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from jaxtyping import Float
from numpy.random import RandomState

Field = Float[np.ndarray, "h w"]
Texture: TypeAlias = Callable[[RandomState, int, int, float], Field]
"""Of a height, a width and the size of its pattern, all in pixels."""


def noise(rng: RandomState, height: int, width: int, cell_y: float, cell_x: float) -> Field:
    """Random values on a grid of cells (sizes in pixels), interpolated smoothly between them."""
    y, x = np.arange(height) / cell_y, np.arange(width) / cell_x
    grid = rng.random_sample((int(y[-1]) + 2, int(x[-1]) + 2))
    row, col = y.astype(int), x.astype(int)
    rows = _blend(grid[row], grid[row + 1], _smooth(y - row)[:, None])
    return _blend(rows[:, col], rows[:, col + 1], _smooth(x - col)[None, :])


def clouds(rng: RandomState, height: int, width: int, scale: float) -> Field:
    """Noise of three octaves."""
    octaves = [noise(rng, height, width, scale / f, scale / f) / f for f in (1, 2, 4)]
    return (octaves[0] + octaves[1] + octaves[2]) / 1.75


def grass(rng: RandomState, height: int, width: int, scale: float) -> Field:
    """Noise drawn out along one axis, as blades, wood grain or brushed metal are."""
    long, short = 4 * scale, scale / 3
    if rng.random_sample() < 0.5:
        long, short = short, long
    return noise(rng, height, width, long, short)


def stripes(rng: RandomState, height: int, width: int, scale: float) -> Field:
    """A grating in a random direction, bent a little."""
    y, x = np.ogrid[:height, :width]
    across = 2 * rng.random_sample() - 1
    bend = 0.6 * noise(rng, height, width, 40, 40)
    return _wave((y * across + x * np.sqrt(1 - across * across)) / scale + bend)


def weave(rng: RandomState, height: int, width: int, scale: float) -> Field:
    """Two gratings over each other, as cloth has."""
    first, second = (stripes(rng, height, width, scale) for _ in range(2))
    return np.maximum(first, second)


def pebbles(rng: RandomState, height: int, width: int, scale: float) -> Field:
    """Distance to the nearest of scattered points: cells with dark joints (Worley 1996)."""
    rows, cols = int(height / scale) + 3, int(width / scale) + 3
    jitter = rng.random_sample((2, rows, cols))
    y, x = np.meshgrid(np.arange(height) / scale + 1, np.arange(width) / scale + 1, indexing="ij")
    nearest = np.full((height, width), 4.0)
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            row, col = y.astype(int) + dy, x.astype(int) + dx
            ahead_y, ahead_x = row + jitter[0, row, col] - y, col + jitter[1, row, col] - x
            nearest = np.minimum(nearest, ahead_y * ahead_y + ahead_x * ahead_x)
    return 1 - np.minimum(1, np.sqrt(nearest))


TEXTURES = (clouds, grass, stripes, weave, pebbles)


def blur(field: Float[np.ndarray, "h w *c"], times: int) -> Float[np.ndarray, "h w *c"]:
    """``field`` smoothed with the binomial kernel ¼ ½ ¼ along both axes, ``times`` over."""
    for _ in range(times):
        for axis in (0, 1):
            padded = np.pad(
                field, [(1, 1) if a == axis else (0, 0) for a in range(field.ndim)], "edge"
            )
            before, after = (
                np.take(padded, np.arange(start, start + field.shape[axis]), axis)
                for start in (0, 2)
            )
            field = (before + after) / 4 + field / 2
    return field


def _blend(a: np.ndarray, b: np.ndarray, share: np.ndarray) -> np.ndarray:
    return a + (b - a) * share


def _smooth(t: np.ndarray) -> np.ndarray:
    return t * t * (3 - 2 * t)


def _wave(phase: np.ndarray) -> np.ndarray:
    """A smoothed triangle wave of period 1."""
    return _smooth(np.abs((phase - np.floor(phase)) * 2 - 1))
