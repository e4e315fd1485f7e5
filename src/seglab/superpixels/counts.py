"""What scores of superpixels count, each in one pass over the pixels."""

from typing import TypeAlias

import numpy as np
from jaxtyping import Int, Int64, UInt8
from numba import njit

Labels: TypeAlias = Int[np.ndarray, "h w"]


def contingency(labels: Labels, truth: Labels) -> Int64[np.ndarray, "superpixels segments"]:
    """Pixels of each (superpixel, segment) pair: |S_j ∩ G_i| at row j, column i."""
    table = np.zeros((int(labels.max()) + 1, int(truth.max()) + 1), np.int64)
    _count_pairs(labels.astype(np.int32), truth.astype(np.int32), table)
    return table


def perimeters(labels: Labels) -> Int64[np.ndarray, "superpixels 2"]:
    """Per superpixel, its edges and its rim.

    Edges are those of pixels that it shares with another label or the picture's border; the rim is
    its pixels that have such an edge, which is the original study's perimeter.
    """
    found = np.zeros((int(labels.max()) + 1, 2), np.int64)
    _count_edges(labels.astype(np.int32), found)
    return found


def color_sums(
    labels: Labels, image: UInt8[np.ndarray, "h w 3"]
) -> tuple[Int64[np.ndarray, "superpixels 3"], Int64[np.ndarray, " 3"]]:
    """Per superpixel, the sum of each channel; and of the whole picture the sums of squares."""
    sums = np.zeros((int(labels.max()) + 1, 3), np.int64)
    squares = np.zeros(3, np.int64)
    _add_colors(labels.astype(np.int32), np.ascontiguousarray(image), sums, squares)
    return sums, squares


@njit(cache=True)
def _count_pairs(labels, truth, table):  # type: ignore[no-untyped-def]
    for y in range(labels.shape[0]):
        for x in range(labels.shape[1]):
            table[labels[y, x], truth[y, x]] += 1


@njit(cache=True)
def _count_edges(labels, found):  # type: ignore[no-untyped-def]
    height, width = labels.shape
    for y in range(height):
        for x in range(width):
            own = labels[y, x]
            edges = int(y == 0 or labels[y - 1, x] != own)
            edges += int(y == height - 1 or labels[y + 1, x] != own)
            edges += int(x == 0 or labels[y, x - 1] != own)
            edges += int(x == width - 1 or labels[y, x + 1] != own)
            if edges:
                found[own, 0] += edges
                found[own, 1] += 1


@njit(cache=True)
def _add_colors(labels, image, sums, squares):  # type: ignore[no-untyped-def]
    for y in range(labels.shape[0]):
        for x in range(labels.shape[1]):
            for channel in range(3):
                value = np.int64(image[y, x, channel])
                sums[labels[y, x], channel] += value
                squares[channel] += value * value
