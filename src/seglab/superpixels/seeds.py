"""First seeds: the flattest pixel in the middle of each cell of a grid."""

from math import ceil, sqrt

import numpy as np
from numba import njit

SHARE = 1.27
"""Side of a cell by that of a superpixel: the original study's 25 for 400 on BSDS500."""


def cell_side(height: int, width: int, superpixels: int) -> int:
    """Side of the grid's cells, of which 5/8 of ``superpixels`` or fewer fit the picture.

    A picture narrower than a cell has one row of them, and the side is measured along it.
    """
    side = ceil(SHARE * sqrt(height * width / superpixels))
    if side > min(height, width):
        side = max(side, ceil(SHARE**2 * max(height, width) / superpixels))
    return side


@njit(cache=True)
def flattest_pixels(grey, side):  # type: ignore[no-untyped-def]
    """Row and column of one seed a cell.

    Searched is the middle half of each cell, in the last row and column all up to the border;
    flatness is the spread of grey over a pixel and its 4-neighbours, the first of equals wins.
    """
    height, width = grey.shape
    rows, cols = max(1, height // side), max(1, width // side)
    seeds = np.empty((rows * cols, 2), np.int32)
    for row in range(rows):
        top, bottom = _middle(row, rows, side, height)
        for col in range(cols):
            left, right = _middle(col, cols, side, width)
            flattest = 256
            for y in range(top, bottom):
                for x in range(left, right):
                    low = high = grey[y, x]
                    for v, u in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
                        if 0 <= v < height and 0 <= u < width:
                            low, high = min(low, grey[v, u]), max(high, grey[v, u])
                    spread = int(high) - int(low)
                    if spread < flattest:
                        flattest = spread
                        seeds[row * cols + col] = y, x
    return seeds


@njit(cache=True)
def _middle(cell, cells, side, length):  # type: ignore[no-untyped-def]
    """Begin and end of the pixels searched in the ``cell``-th of ``cells`` along one axis."""
    if cell == cells - 1:
        return cell * side, length
    return cell * side + side // 4, cell * side + side // 4 + max(1, side // 2)
