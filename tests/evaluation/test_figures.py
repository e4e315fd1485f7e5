"""Figures say what the arrays say; they are read back from matplotlib's own objects."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.image import BboxImage

from seglab.data.decode import read_image
from seglab.evaluation.figures import errors_coloured, sorted_coefficients, strip
from seglab.evaluation.scores import score_rows
from seglab.figures.style import SKY, VERMILLION, rgb, save_figure, thumbnail


@pytest.fixture
def parts_of_a_picture():
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (40, 60, 3), dtype=np.uint8)
    truth = np.zeros((40, 60), np.uint8)
    truth[10:30, 10:30] = 1
    probability = np.zeros((40, 60), np.uint8)
    probability[10:30, 20:40] = 140
    return image, truth, probability


def panels(figure):
    """Its pictures, from left to right."""
    return [artist for artist in figure.artists if isinstance(artist, BboxImage)]


def test_a_strip_has_its_panels_in_order_with_scores_of_each_threshold(parts_of_a_picture):
    image, truth, probability = parts_of_a_picture
    figure = strip("pond", image, truth, truth, probability, (0.4, 0.6))
    assert [text.get_text() for text in figure.texts] == [
        "pond",
        "image",
        "ground truth",
        "saliency map (γ = ½)",
        "prediction",
        "p ≥ 0.4\nIoU 0.333  Dice 0.500",
        "p ≥ 0.6\nIoU 0.000  Dice 0.000",
    ]
    shown = [panel.get_array() for panel in panels(figure)]
    np.testing.assert_array_equal(shown[0], image)
    np.testing.assert_array_equal(shown[3], probability)
    assert len(panels(strip("pond", image, truth, None, probability, (0.5,)))) == 4


def test_grey_panels_are_not_stretched(parts_of_a_picture):
    image, truth, probability = parts_of_a_picture
    figure = strip("pond", image, truth, truth, probability, (0.5,))
    for panel in panels(figure)[1:4]:
        assert (panel.norm.vmin, panel.norm.vmax) == (0, 255)


def test_errors_have_their_colours():
    mask, truth = np.array([[0, 0, 1, 1]], bool), np.array([[0, 1, 0, 1]], np.uint8)
    coloured = errors_coloured(mask, truth)
    assert coloured.dtype == np.uint8
    expected = [(0, 0, 0), rgb(SKY), rgb(VERMILLION), (255, 255, 255)]
    assert [tuple(pixel) for pixel in coloured[0].tolist()] == expected


def test_sorted_coefficients_sort_iou_and_dice_each_on_its_own():
    rng = np.random.default_rng(1)
    rows = []
    for name in "abcdef":
        truth = (rng.random((8, 8)) < 0.4).astype(np.uint8)
        probability = rng.integers(0, 256, (8, 8), dtype=np.uint8)
        rows += score_rows(name, "val", probability, truth, (0.4, 0.5))
        rows += score_rows(name, "test", probability, 1 - truth, (0.4, 0.5))
    frame = pd.DataFrame(rows)
    axes = sorted_coefficients(frame, "val").axes[0]
    assert "val" in axes.get_title()
    assert len(axes.lines) == 4
    lines = iter(axes.lines)
    for threshold in (0.4, 0.5):
        chosen = frame[(frame["part"] == "val") & (frame["threshold"] == threshold)]
        for score, style in (("iou", "-"), ("dice", "--")):
            line = next(lines)
            np.testing.assert_array_equal(line.get_ydata(), sorted(chosen[score]))
            assert line.get_linestyle() == style


def test_a_single_picture_shows_both_coefficients():
    rows = score_rows(
        "a", "test", np.full((4, 4), 200, np.uint8), np.eye(4, dtype=np.uint8), (0.5,)
    )
    markers = {
        line.get_marker() for line in sorted_coefficients(pd.DataFrame(rows), "test").axes[0].lines
    }
    assert markers == {"o", "s"}


def test_big_pictures_are_shrunk_by_averaging():
    picture = np.zeros((1601, 2403), np.uint8)
    picture[:, ::3] = 90
    small = thumbnail(picture)
    assert small.shape == (533, 801)
    assert (small == 30).all()
    assert thumbnail(np.zeros((2000, 100, 3), np.uint8)).shape == (1000, 50, 3)
    untouched = np.zeros((1500, 900), np.uint8)
    assert thumbnail(untouched) is untouched


def test_a_saved_figure_is_a_png_that_opens(tmp_path, parts_of_a_picture):
    image, truth, probability = parts_of_a_picture
    path = tmp_path / "figures" / "pond.png"
    save_figure(strip("pond", image, truth, None, probability, (0.5,)), path)
    height, width, _ = read_image(path).shape
    assert width > 4 * height / 3
    assert list(path.parent.iterdir()) == [path]
