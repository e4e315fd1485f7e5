"""Figures of a data set say what its tables say; read back from matplotlib's own objects."""

import numpy as np
import pandas as pd
import pytest

from seglab.figures.characteristics import CLASSES, class_shares, picture_histograms


def rows(**columns):
    known = {"height": [8.0] * 4, "width": [8.0] * 4, "segments": np.nan, "foreground": np.nan}
    return pd.DataFrame({"part": ["train", "train", "val", "train"], **known, **columns})


def bars(axes):
    """(left, right, height) of every bar that is there, as numbers."""
    found = [(p.get_x(), p.get_x() + p.get_width(), p.get_height()) for p in axes.patches]
    return [bar for bar in found if bar[2]]


def test_histograms_count_pictures_and_stack_the_parts():
    figure = picture_histograms("title", rows(height=[10, 12, 12, 14]))
    assert figure.get_suptitle() == "title: 4 pictures"
    height, width = figure.axes
    assert [axes.get_xlabel() for axes in figure.axes] == ["height, pixels", "width, pixels"]
    assert bars(height) == [(9.5, 10.5, 1), (11.5, 12.5, 1), (13.5, 14.5, 1), (11.5, 12.5, 1)]
    assert bars(width) == [(7.5, 8.5, 3), (7.5, 8.5, 1)]
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["train (3)", "val (1)"]


def test_wide_ranges_have_few_bins_and_no_picture_is_lost():
    axes = picture_histograms("", rows(width=[1, 333, 640, 5000])).axes[1]
    assert sum(height for _, _, height in bars(axes)) == 4
    assert len(axes.patches) <= 2 * 26


def test_columns_with_values_have_panels():
    figure = picture_histograms("", rows(segments=[0, 2.5, 3, 9], foreground=[0, 0.5, 1, 0.99]))
    assert [axes.get_xlabel() for axes in figure.axes][2:] == [
        "segments a picture",
        "foreground, share of pixels",
    ]
    shares = bars(figure.axes[3])
    assert sum(height for _, _, height in shares) == 4
    assert max(right for _, right, _ in shares) == pytest.approx(1)


def classes(number):
    return pd.DataFrame(
        {
            "category": [f"class {n}" for n in range(number)],
            "thing": [n % 2 == 0 for n in range(number)],
            "segment_share": np.linspace(0.5, 0.1, number),
            "area_share": np.linspace(0.2, 0.3, number),
        }
    )


def test_classes_have_two_bars_each_and_stuff_is_named():
    figure = class_shares("title", classes(3))
    (axes,) = figure.axes
    assert axes.get_title() == "title: 3 classes"
    assert [text.get_text() for text in axes.get_yticklabels()] == [
        "class 0",
        "class 1 (stuff)",
        "class 2",
    ]
    np.testing.assert_allclose(
        [bar.get_width() for bar in axes.patches], [0.5, 0.3, 0.1, 0.2, 0.25, 0.3]
    )
    low, high = axes.get_ylim()
    assert low > high, "the most frequent is on top"


def test_of_many_classes_the_most_frequent_are_drawn():
    many = classes(CLASSES + 10)
    many["segment_share"] /= many["segment_share"].sum()
    (axes,) = class_shares("title", many).axes
    covered = many["segment_share"][:CLASSES].sum()
    assert len(axes.patches) == 2 * CLASSES
    assert axes.get_title() == f"title: 30 of 40 classes, {covered:.0%} of segments"
