"""COCO's outlines of an instance, polygons and run lengths, as pixels.

Polygons are drawn by pycocotools, whose rounding defines the data set's areas. Run lengths are
expanded here: where they end before the picture does, pycocotools returns memory as it finds it.
"""

from typing import Any

import numpy as np
from jaxtyping import Bool
from pycocotools import mask as rle

LEAST = 6
"""Numbers of a polygon that has an area."""
FAR = 10
"""Sizes of the picture a polygon may reach; far more would take all memory to draw."""


def drawn(segmentation: Any, height: int, width: int) -> Bool[np.ndarray, "h w"]:
    """Where an instance of COCO is, by its polygons or run lengths (plain or compressed).

    Raises ``ValueError``, ``KeyError`` or ``TypeError`` for what cannot be drawn.
    """
    if not isinstance(segmentation, dict):
        segmentation = _outlined(segmentation, height, width)
    if segmentation["size"] != [height, width]:
        raise ValueError(f"run lengths of {segmentation['size']}, not {[height, width]}")
    counts = segmentation["counts"]
    if isinstance(counts, str):
        counts = _expanded(counts)
    if sum(counts) != height * width or min(counts) < 0:
        raise ValueError(f"run lengths add up to {sum(counts)}, not {height * width}")
    # They begin with what is outside, and run down the columns.
    return np.repeat(np.arange(len(counts)) % 2 > 0, counts).reshape(width, height).T


def _outlined(polygons: Any, height: int, width: int) -> dict[str, Any]:
    """Run lengths of the union of polygons, each a list x, y, x, y …"""
    far = FAR * max(height, width)
    for polygon in polygons:
        if not isinstance(polygon, np.ndarray) or len(polygon) % 2:
            raise ValueError("a polygon is not a list of x and y")
        if not (np.abs(polygon) < far).all():
            raise ValueError("a polygon goes far beyond the picture")
    # Fewer points have no area, and pycocotools would take two for a box.
    areas = [polygon for polygon in polygons if len(polygon) >= LEAST]
    if not areas:
        return {"size": [height, width], "counts": [height * width]}
    union = rle.merge(rle.frPyObjects(areas, height, width))
    return {"size": union["size"], "counts": union["counts"].decode()}


def _expanded(text: str) -> list[int]:
    """Plain run lengths of compressed ones.

    A number is written five bits a character, the lowest first, in two's complement, with a sixth
    bit where more follow; from the fourth on it is the difference to the last but one.
    """
    counts: list[int] = []
    value = bits = 0
    for character in text:
        code = ord(character) - ord("0")
        if not 0 <= code < 64:
            raise ValueError(f"compressed run lengths have a {character!r}")
        value |= (code & 31) << bits
        bits += 5
        if code & 32:
            continue
        if code & 16:
            value -= 1 << bits
        counts.append(value + counts[-2] if len(counts) > 2 else value)
        value = bits = 0
    return counts
