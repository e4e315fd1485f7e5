import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seglab.data.tiles import cut, grid, merge, window

SIDES = st.integers(1, 30)
SHAPES = st.tuples(SIDES, SIDES) | st.tuples(SIDES, SIDES, st.integers(1, 4))


def picture(shape: tuple[int, ...], dtype: type = np.uint8) -> np.ndarray:
    return np.random.default_rng(0).integers(1, 256, shape).astype(dtype)


@settings(deadline=None)
@given(shape=SHAPES, tile=st.integers(1, 50), dtype=st.sampled_from([np.uint8, np.float32, bool]))
def test_merging_undoes_cutting(shape: tuple[int, ...], tile: int, dtype: type) -> None:
    original = picture(shape, dtype)
    tiles = cut(original, tile)
    merged = merge(tiles, shape[0], shape[1])
    np.testing.assert_array_equal(merged, original)
    assert merged.dtype == original.dtype
    np.testing.assert_array_equal(cut(merged, tile), tiles)


@settings(deadline=None)
@given(shape=SHAPES, tile=st.integers(1, 50))
def test_padding_is_zero_and_at_bottom_and_right_only(shape: tuple[int, ...], tile: int) -> None:
    original = picture(shape)
    rows, cols = grid(*shape[:2], tile)
    padded = np.zeros((rows * tile, cols * tile, *shape[2:]), np.uint8)
    padded[: shape[0], : shape[1]] = original
    for index, each in enumerate(cut(original, tile)):
        row, col = divmod(index, cols)
        expected = padded[row * tile : (row + 1) * tile, col * tile : (col + 1) * tile]
        np.testing.assert_array_equal(each, expected)
        np.testing.assert_array_equal(window(original, row, col, tile), expected)


@pytest.mark.parametrize(
    ("height", "width", "tile", "expected"),
    [
        (5000, 5000, 512, (10, 10)),  # Inria: 100 patches a tile (original study, §1b)
        (5000, 5000, 224, (23, 23)),
        (333, 500, 512, (1, 1)),
        (333, 500, 224, (2, 3)),
        (512, 512, 512, (1, 1)),
    ],
)
def test_grids_of_the_study(height: int, width: int, tile: int, expected: tuple[int, int]) -> None:
    assert grid(height, width, tile) == expected


def test_windows_inside_the_picture_are_views() -> None:
    original = picture((100, 100, 3))
    assert np.shares_memory(window(original, 1, 1, 32), original)


def test_a_wrong_number_of_tiles_is_refused() -> None:
    with pytest.raises(ValueError, match="3 tiles of 8 cannot make 16×16: 2×2 are needed"):
        merge(np.zeros((3, 8, 8), np.uint8), 16, 16)
