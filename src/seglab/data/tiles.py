"""Square tiles of a picture and back: zero padding at bottom and right, no overlap, no resizing.

The grid of the original study (its §1a), for pictures of shape ``(h, w)`` and ``(h, w, c)``.
"""

from math import ceil

import numpy as np
from jaxtyping import Shaped


def grid(height: int, width: int, tile: int) -> tuple[int, int]:
    """Rows and columns of the tiles that cover a picture."""
    return ceil(height / tile), ceil(width / tile)


def window(
    picture: Shaped[np.ndarray, "h w *c"], row: int, col: int, tile: int
) -> Shaped[np.ndarray, "tile tile *c"]:
    """The tile at ``row``, ``col`` of the grid; a view where no padding is needed."""
    inside = _under(picture, row, col, tile)
    if inside.shape[:2] == (tile, tile):
        return inside
    padded = np.zeros((tile, tile, *picture.shape[2:]), picture.dtype)
    padded[: inside.shape[0], : inside.shape[1]] = inside
    return padded


def cut(picture: Shaped[np.ndarray, "h w *c"], tile: int) -> Shaped[np.ndarray, "n tile tile *c"]:
    """All tiles of a picture, row by row."""
    rows, cols = grid(picture.shape[0], picture.shape[1], tile)
    tiles = np.empty((rows * cols, tile, tile, *picture.shape[2:]), picture.dtype)
    for index in range(rows * cols):
        tiles[index] = window(picture, *divmod(index, cols), tile)
    return tiles


def merge(
    tiles: Shaped[np.ndarray, "n tile tile *c"], height: int, width: int
) -> Shaped[np.ndarray, "h w *c"]:
    """The picture that ``cut`` made ``tiles`` of: its exact inverse, padding dropped."""
    tile = tiles.shape[1]
    rows, cols = grid(height, width, tile)
    if len(tiles) != rows * cols:
        raise ValueError(
            f"{len(tiles)} tiles of {tile} cannot make {height}×{width}: {rows}×{cols} are needed"
        )
    picture = np.empty((height, width, *tiles.shape[3:]), tiles.dtype)
    for index, each in enumerate(tiles):
        inside = _under(picture, *divmod(index, cols), tile)
        inside[:] = each[: inside.shape[0], : inside.shape[1]]
    return picture


def _under(
    picture: Shaped[np.ndarray, "h w *c"], row: int, col: int, tile: int
) -> Shaped[np.ndarray, "a b *c"]:
    """The part of ``picture`` under a tile, as a view; smaller than the tile at the far edges."""
    return picture[row * tile : (row + 1) * tile, col * tile : (col + 1) * tile]
