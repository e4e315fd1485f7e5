"""Curves of superpixels say what the means say; read back from matplotlib's own objects."""

import numpy as np
import pandas as pd

from seglab.figures.gallery import gallery
from seglab.figures.tradeoff import COLOURS, tradeoff

POINTS = pd.DataFrame(
    {
        "input": ["photo"] * 3 + ["network"] * 2,
        "method": ["eikonal", "eikonal", "grid", "eikonal", "eikonal"],
        "weight": [2.0, 7.0, np.nan, 2.0, 7.0],
        "superpixels": [400.0, 400.0, 384.0, 400.0, 400.0],
        "compactness": [0.5, 0.3, 0.78, 0.55, 0.4],
        "boundary_recall": [0.8, 0.9, 0.5, 0.82, 0.89],
        "undersegmentation": [0.05, 0.04, 0.09, 0.045, 0.035],
        "explained_variation": [0.8, 0.9, 0.7, 0.81, 0.88],
    }
)


def lines(axes):
    return [
        (line.get_color(), line.get_xdata().tolist(), line.get_ydata().tolist())
        for line in axes.lines
    ]


def test_a_line_an_input_and_method_with_its_weights():
    recall, error = tradeoff(POINTS).axes
    for axes, score in ((recall, "boundary_recall"), (error, "undersegmentation")):
        y = POINTS[score].tolist()
        assert lines(axes) == [
            (COLOURS["eikonal"], [0.5, 0.3], y[:2]),
            (COLOURS["grid"], [0.78], y[2:3]),
            (COLOURS["eikonal"], [0.55, 0.4], y[3:]),
        ]
        marked = [(text.get_text(), text.xy) for text in axes.texts]
        assert marked == [
            (f"{POINTS.weight[row]:g}", (POINTS.compactness[row], y[row])) for row in (0, 1, 3, 4)
        ]
    assert recall.lines[0].get_linestyle() != recall.lines[2].get_linestyle()
    assert recall.lines[0].get_marker() != recall.lines[2].get_marker()


def test_the_legend_tells_how_many_superpixels_came_out():
    (legend,) = tradeoff(POINTS).legends
    texts = [text.get_text() for text in legend.get_texts()]
    assert texts[:2] == ["eikonal (400 superpixels)", "grid (384 superpixels)"]
    assert texts[2:] == ["of the photo", "of the network's output"]
    (legend,) = tradeoff(POINTS[POINTS["input"] == "photo"]).legends
    assert len(legend.get_texts()) == 2


def test_without_annotators_explained_variation_is_drawn():
    points = POINTS.drop(columns=["boundary_recall", "undersegmentation"])
    (axes,) = tradeoff(points).axes
    assert axes.lines[0].get_ydata().tolist() == [0.8, 0.9]


def test_a_gallery_has_a_row_a_picture_and_a_column_a_treatment():
    wide, high = np.zeros((20, 30, 3), np.uint8), np.full((30, 20, 3), 9, np.uint8)
    figure = gallery(["photo", "network"], [("a", [wide, wide + 1]), ("b", [high, high])])
    assert [axes.get_title() for axes in figure.axes] == ["photo", "network", "", ""]
    assert [axes.get_ylabel() for axes in figure.axes] == ["a", "", "b", ""]
    assert figure.axes[1].images[0].get_array().max() == 1
    assert figure.axes[2].images[0].get_array().shape == (30, 20, 3)
