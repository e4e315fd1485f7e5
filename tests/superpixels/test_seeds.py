import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from seglab.superpixels.seeds import cell_side, flattest_pixels


@given(height=st.integers(1, 60), width=st.integers(1, 2000), superpixels=st.integers(1, 5000))
def test_there_are_never_more_cells_than_superpixels(height, width, superpixels):
    superpixels = min(superpixels, height * width)
    for h, w in ((height, width), (width, height)):
        side = cell_side(h, w, superpixels)
        assert 1 <= max(1, h // side) * max(1, w // side) <= max(1, 0.625 * superpixels)


@given(height=st.integers(1, 40), width=st.integers(1, 40), side=st.integers(1, 50))
def test_one_seed_a_cell_none_twice_and_all_inside(height, width, side):
    grey = np.random.default_rng(height).integers(0, 256, (height, width), dtype=np.uint8)
    seeds = flattest_pixels(grey, side)
    rows, cols = max(1, height // side), max(1, width // side)
    assert len({tuple(seed) for seed in seeds.tolist()}) == rows * cols
    expected = [(row, col) for row in range(rows) for col in range(cols)]
    cells = np.minimum(seeds // side, [rows - 1, cols - 1])
    assert [tuple(cell) for cell in cells.tolist()] == expected


def test_the_seed_is_where_grey_is_flattest():
    grey = np.random.default_rng(0).integers(0, 100, (20, 20), dtype=np.uint8)
    grey[12:15, 6:9] = 50  # a cross of equal values around (13, 7) alone
    assert flattest_pixels(grey, 20).tolist() == [[13, 7]]
