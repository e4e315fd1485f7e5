"""Shapes of the objects in the sample data set: exact masks, equal on every machine.

As in ``textures`` only exact arithmetic is used, so that no pixel depends on the processor.
"""

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from jaxtyping import Bool, Float
from numpy.random import RandomState

from seglab.data.textures import noise

Mask = Bool[np.ndarray, "h w"]
Plane = Float[np.ndarray, "h w"]
"""Coordinates around the object's centre; its reach is 1."""
Shape: TypeAlias = Callable[[RandomState, Plane, Plane], Mask]


def ellipse(rng: RandomState, y: Plane, x: Plane) -> Mask:
    """A disc squeezed along one axis."""
    squeeze = 0.5 + 0.4 * rng.random_sample()
    return y * y / (squeeze * squeeze) + x * x <= 1


def ring(rng: RandomState, y: Plane, x: Plane) -> Mask:
    """A disc with a round hole."""
    hole = 0.35 + 0.2 * rng.random_sample()
    distance = y * y + x * x
    return (distance <= 1) & (distance >= hole * hole)


def bar(rng: RandomState, y: Plane, x: Plane) -> Mask:
    """A rectangle, long and narrow."""
    half = 0.25 + 0.15 * rng.random_sample()
    return (np.abs(y) <= half) & (np.abs(x) <= 1)


def star(rng: RandomState, y: Plane, x: Plane) -> Mask:
    """A star of four to six points, or a polygon where its points are blunt."""
    points = rng.randint(4, 7)
    dent = 0.5 + 0.4 * rng.random_sample()
    corners = []
    for corner in range(2 * points):
        reach = 1 if corner % 2 == 0 else dent
        angle = math.pi * corner / points
        # Rounded, because the last bits of sines differ between machines.
        corners.append(
            (
                round(1024 * math.sin(angle)) / 1024 * reach,
                round(1024 * math.cos(angle)) / 1024 * reach,
            )
        )
    inside = np.zeros(np.broadcast_shapes(y.shape, x.shape), bool)
    for (y0, x0), (y1, x1) in zip(corners, corners[1:] + corners[:1], strict=True):
        if y0 != y1:
            crosses = ((y0 > y) != (y1 > y)) & (x < (x1 - x0) * (y - y0) / (y1 - y0) + x0)
            inside ^= crosses
    return inside


def blob(rng: RandomState, y: Plane, x: Plane) -> Mask:
    """A disc with an outline of low-frequency noise."""
    height, width = y.shape
    cell = max(6.0, height / 6)
    return y * y + x * x <= 0.25 + 0.75 * noise(rng, height, width, cell, cell)


SHAPES = (ellipse, ring, bar, star, blob)
