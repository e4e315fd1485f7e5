import numpy as np
import pytest
from pycocotools import mask as rle

from seglab.data.outlines import drawn


@pytest.mark.parametrize("seed", range(20))
def test_compressed_run_lengths_are_expanded_as_they_were_made(seed: int) -> None:
    rng = np.random.default_rng(seed)
    height, width = rng.integers(1, 90, 2).tolist()
    # From single pixels to runs of thousands, which take one to three characters.
    shape = rng.random((height, width)) < rng.choice([0.0, 0.001, 0.1, 0.5, 1.0])
    encoded = rle.encode(np.asfortranarray(shape, np.uint8))
    segmentation = {"size": encoded["size"], "counts": encoded["counts"].decode()}
    np.testing.assert_array_equal(drawn(segmentation, height, width), shape)


def test_plain_run_lengths_go_down_the_columns_and_begin_outside() -> None:
    expected = [[0, 0, 1], [1, 0, 0]]
    shape = drawn({"size": [2, 3], "counts": [1, 1, 2, 1, 1]}, 2, 3)
    np.testing.assert_array_equal(shape, np.array(expected, bool))


def test_polygons_are_united() -> None:
    squares = [
        np.array(corners, float) for corners in ([0, 0, 2, 0, 2, 2, 0, 2], [1, 1, 4, 1, 4, 3, 1, 3])
    ]
    expected = np.zeros((4, 5), bool)
    expected[0:2, 0:2] = expected[1:3, 1:4] = True
    np.testing.assert_array_equal(drawn(squares, 4, 5), expected)
