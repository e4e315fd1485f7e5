"""Every superpixel method by its name, and what it is swept over."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int32, UInt8

from seglab.errors import ConfigError
from seglab.superpixels.baselines import DEFAULT_WEIGHTS, baseline
from seglab.superpixels.eikonal import eikonal

SWEEPS = {
    "slic": (1.0, 5.0, 10.0, 20.0, 40.0),
    "compact_watershed": (1e-4, 1e-3, 3e-3, 1e-2),
    "felzenszwalb": (3.0, 10.0, 30.0, 100.0),
}
"""Weights that a curve of a method runs through, where they are not those of eikonal: from the
least compact regions that are of use to the most compact ones (of felzenszwalb, the other way)."""


def segment(
    method: str,
    image: UInt8[np.ndarray, "h w 3"],
    superpixels: int,
    weight: float | None,
    update: bool,
) -> Int32[np.ndarray, "h w"]:
    """Labels 0…K-1 of ``image`` by ``method``; of the picture alone, no annotator is heard.

    ``weight`` is that of colour (eikonal), or what a baseline has for one, or None for its default
    (see ``weights_of``); ``update`` is heard by eikonal alone. Raises ``ConfigError`` for an
    unknown method or values out of range.
    """
    if method != "eikonal":
        return baseline(method, image, superpixels, weight)
    if weight is None:
        raise ConfigError("--method=eikonal needs a --color_weight")
    return eikonal(image, superpixels, weight, update)


def weights_of(method: str, color_weight: Sequence[float]) -> tuple[float | None, ...]:
    """The weights ``method`` is run with: one point, or a curve if there are several of colour.

    Eikonal has those of colour; a baseline with a weight its own ones (``SWEEPS``) or the default;
    one without a weight has one point, None.
    """
    if method == "eikonal":
        return tuple(color_weight)
    if len(color_weight) > 1 and method in SWEEPS:
        return SWEEPS[method]
    return (DEFAULT_WEIGHTS.get(method),)
