"""The field's other superpixel methods, from scikit-image, behind one signature."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from jaxtyping import Float, Int, Int32, UInt8
from skimage.color import rgb2gray
from skimage.filters import sobel
from skimage.segmentation import felzenszwalb, slic, watershed

from seglab.errors import ConfigError, choose

Image: TypeAlias = UInt8[np.ndarray, "h w 3"]
Labels: TypeAlias = Int[np.ndarray, "h w"]

DEFAULT_WEIGHTS = {"slic": 10.0, "compact_watershed": 1e-3, "felzenszwalb": 10.0}
"""What trades boundaries against compactness, for the methods that can: compactness of SLIC and of
the watershed, scale of Felzenszwalb and Huttenlocher."""


def baseline(
    method: str, image: Image, superpixels: int = 400, weight: float | None = None
) -> Int32[np.ndarray, "h w"]:
    """Labels 0…K-1 of a picture segmented by ``method``; every pixel has one.

    K is about ``superpixels``, as each method sees fit: score the labels for the number that came
    out. ``weight`` overrides ``DEFAULT_WEIGHTS``. Regions are 4-connected but those of
    felzenszwalb, which may hang together by corners. A picture of no more pixels than
    ``superpixels`` becomes one region a pixel. Raises ``ConfigError`` for an unknown method, a
    number below 1 or a weight for a method without one.
    """
    choose(method, "--method", BASELINES)
    if superpixels < 1:
        raise ConfigError(f"--superpixels={superpixels} must be 1 or more")
    if weight is not None and method not in DEFAULT_WEIGHTS:
        raise ConfigError(
            f"--method={method} has no weight; leave it out, or choose one of "
            f"{', '.join(DEFAULT_WEIGHTS)}"
        )
    height, width = image.shape[:2]
    if superpixels >= height * width:
        return np.arange(height * width, dtype=np.int32).reshape(height, width)
    weight = DEFAULT_WEIGHTS.get(method, 0.0) if weight is None else weight
    labels = BASELINES[method](image, superpixels, weight)
    _, numbered = np.unique(labels, return_inverse=True)
    return numbered.reshape(height, width).astype(np.int32)


def square_grid(image: Image, superpixels: int, weight: float) -> Labels:
    """Equal rectangles, as square as the picture allows."""
    height, width = image.shape[:2]
    side = np.sqrt(height * width / superpixels)
    rows, cols = max(1, round(height / side)), max(1, round(width / side))
    row, col = np.arange(height) * rows // height, np.arange(width) * cols // width
    return row[:, None] * cols + col


def steepness(image: Image) -> Float[np.ndarray, "h w"]:
    """Sobel magnitude of the grey picture, which watersheds flood."""
    return np.asarray(sobel(rgb2gray(image)))


def smallest_region(image: Image, superpixels: int) -> int:
    """Least area for felzenszwalb: a fifth of a superpixel gives about as many on photographs."""
    return image.shape[0] * image.shape[1] // (5 * superpixels)


BASELINES: dict[str, Callable[[Image, int, float], Labels]] = {
    "slic": lambda image, n, weight: slic(image, n, compactness=weight),
    "slic_zero": lambda image, n, weight: slic(image, n, slic_zero=True),
    "felzenszwalb": lambda image, n, weight: felzenszwalb(
        image, scale=weight, min_size=smallest_region(image, n)
    ),
    "watershed": lambda image, n, weight: watershed(steepness(image), n),
    "compact_watershed": lambda image, n, weight: watershed(
        steepness(image), n, compactness=weight
    ),
    "grid": square_grid,
}
