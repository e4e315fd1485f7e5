"""What the figures that compare rows show: every row once, in its own colour."""

import numpy as np
import pandas as pd
import pytest

from seglab.figures.comparison import sorted_scores, threshold_scores, validation_curves
from seglab.figures.grid import prediction_grid
from seglab.figures.style import EXPERIMENTS, colour_of
from seglab.figures.superpixels import COMPACTNESS, tradeoffs
from seglab.figures.superpixels import SCORES as RECALL_ERROR
from seglab.results.experiments import experiments

TITLES = {"icoseg/rgb": "UNet RGB", "icoseg/guided": "UNet SAL MAP GUIDED"}
LABELS = {"val/loss": "binary cross-entropy", "val/iou": "intersection over union"}


def curves(values):
    rows = [
        (key, epoch, loss, 1 - loss)
        for key, seeds in values.items()
        for losses in seeds
        for epoch, loss in enumerate(losses, start=1)
    ]
    return pd.DataFrame(rows, columns=["experiment", "epoch", *LABELS])


def lines(axes, style):
    return {line.get_color(): line for line in axes.lines if line.get_linestyle() == style}


def test_measured_curves_are_means_over_seeds_before_the_published_ones():
    measured = curves({"icoseg/rgb": [[0.4, 0.2], [0.6, 0.4]], "icoseg/guided": [[0.5, 0.3]]})
    published = curves({"icoseg/rgb": [[0.3, 0.1]], "icoseg/deconv": [[0.9, 0.9]]})
    figure = validation_curves("icoseg", measured, published, TITLES, LABELS)
    loss, iou = figure.axes
    solid, dotted = lines(loss, "-"), lines(loss, ":")
    assert solid.keys() == {colour_of("rgb"), colour_of("guided")}
    np.testing.assert_allclose(solid[colour_of("rgb")].get_ydata(), [0.5, 0.3])
    assert len(loss.collections) == 1  # the band over the two seeds of RGB
    assert dotted.keys() == {colour_of("rgb")}  # deconv was not run
    np.testing.assert_allclose(dotted[colour_of("rgb")].get_ydata(), [0.3, 0.1])
    assert solid[colour_of("rgb")].get_zorder() > dotted[colour_of("rgb")].get_zorder()
    np.testing.assert_allclose(lines(iou, "-")[colour_of("rgb")].get_ydata(), [0.5, 0.7])
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == [*TITLES.values(), "published"]


def test_scores_are_sorted_row_by_row_over_the_mean_of_seeds():
    rows = pd.DataFrame(
        [("icoseg/rgb", i, v) for i, v in (("a", 0.9), ("a", 0.7), ("b", 0.1), ("c", 0.5))],
        columns=["experiment", "image", "iou"],
    )
    (axes,) = sorted_scores("icoseg", rows, TITLES, {"iou": "IoU"}).axes
    (line,) = axes.lines
    np.testing.assert_allclose(line.get_ydata(), [0.1, 0.5, 0.8])


def test_a_grid_has_a_line_a_row_and_masks_as_scores_take_them():
    probability = np.array([[101, 102, 127, 128, 152, 153]], np.uint8)
    grey = np.zeros((1, 6), np.uint8)
    figure = prediction_grid(
        "a picture",
        np.zeros((1, 6, 3), np.uint8),
        grey,
        {"guided": grey},
        {"UNet RGB": (probability, ""), "UNet SAL MAP GUIDED": (probability, "guided")},
        (0.4, 0.5, 0.6),
    )
    shown = [axes.images[0].get_array() if axes.images else None for axes in figure.axes]
    assert len(shown) == 3 * 5
    assert [panel is None for panel in shown[:5]] == [False, False, True, True, True]
    assert shown[5] is None  # RGB was fed no map
    assert shown[10] is not None
    for panel, first in zip(shown[12:], (1, 3, 5), strict=True):
        assert panel.ravel().tolist() == [0] * first + [255] * (6 - first)


@pytest.mark.parametrize("experiment", [e for e in experiments() if e.job == "train"], ids=str)
def test_every_row_has_a_colour_of_its_own_among_its_kind(experiment):
    assert colour_of(experiment.key) in EXPERIMENTS.values()
    alike = [e for e in experiments() if e.job == "train" and e.dataset == experiment.dataset]
    assert [colour_of(e.key) for e in alike].count(colour_of(experiment.key)) == 1


def test_a_panel_a_row_shows_every_threshold():
    rows = pd.DataFrame(
        [
            (key, image, threshold, iou, iou + 0.1)
            for key in TITLES
            for image, iou in (("a", 0.6), ("b", 0.2))
            for threshold in (0.4, 0.5)
        ],
        columns=["experiment", "image", "threshold", "iou", "dice"],
    )
    figure = threshold_scores("icoseg", rows, TITLES)
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_title() for axes in shown] == list(TITLES.values())
    for axes in shown:
        drawn = [line.get_ydata().tolist() for line in axes.lines]
        assert drawn == [[0.2, 0.6], pytest.approx([0.3, 0.7])] * 2
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["p ≥ 0.4", "p ≥ 0.5", "IoU", "Dice"]
    # A row that was scored at other thresholds: each has one colour in all panels.
    rows.loc[(rows["experiment"] == list(TITLES)[1]) & (rows["threshold"] == 0.4), "threshold"] = (
        0.6
    )
    figure = threshold_scores("icoseg", rows, TITLES)
    (legend,) = figure.legends
    names = [text.get_text() for text in legend.get_texts()]
    assert names == ["p ≥ 0.4", "p ≥ 0.5", "p ≥ 0.6", "IoU", "Dice"]
    low, middle, high = (line.get_color() for line in legend.get_lines()[:3])
    first, second = ([line.get_color() for line in axes.lines[::2]] for axes in figure.axes[:2])
    assert (first, second) == ([low, middle], [middle, high])


def test_superpixels_are_compared_row_by_row_with_what_was_published():
    points = pd.DataFrame(
        [
            ("SLIC of the photo", "slic", "photo", "slic", 10.0, 0.5, 0.8, 0.06),
            ("CAN d=7, schedule B", "can/schedule-b", "network", "eikonal", 7.0, 0.6, 0.8, 0.04),
            ("CAN d=7, schedule B", "can/schedule-b", "network", "eikonal", 3.0, 0.7, 0.7, 0.05),
            ("CAN d=7, schedule B", "can/schedule-b", "network", "eikonal", 3.0, 0.9, 0.9, 0.07),
        ],
        columns=["experiment", "key", "input", "method", "weight", COMPACTNESS, *RECALL_ERROR],
    ).assign(colour="seed", width=8, epochs=6, targets="400 superpixels", asked=400, trained="")
    points["painter"] = ["", "a" * 32, "a" * 32, "b" * 32]
    published = points.iloc[:1].assign(compactness_pixels=0.31, boundary_recall=0.9)
    recall, error = tradeoffs("bsds500", points, published).axes
    slic, network, star = recall.lines
    assert slic.get_xydata().tolist() == [[0.5, 0.8]]
    np.testing.assert_allclose(network.get_xydata(), [[0.8, 0.8], [0.6, 0.8]])  # seeds averaged
    assert star.get_xydata().tolist() == [[0.31, 0.9]]
    assert network.get_color() == colour_of("schedule-b") == error.lines[1].get_color()
    # The same row at another size is a curve of its own.
    wider = points.assign(width=[8, 8, 24, 24])
    names = [text.get_text() for text in tradeoffs("", wider, published).legends[0].get_texts()]
    assert names == ["SLIC of the photo", *(f"CAN d=7, schedule B, width {w}" for w in (8, 24))]
    # So is what was judged with another number asked for, and what another training painted.
    for changed, ends in (
        ({"asked": [400, 400, 400, 1000]}, ("400 superpixels", "1000 superpixels")),
        ({"trained": ["", "one", "one", "other"]}, ("run aaaaaaaa", "run bbbbbbbb")),
    ):
        figure = tradeoffs("", points.assign(**changed), published)
        names = [text.get_text() for text in figure.legends[0].get_texts()]
        assert names[1:] == [f"CAN d=7, schedule B, {end}" for end in ends]
        _, one, other, _ = figure.axes[0].lines
        np.testing.assert_allclose(one.get_xydata(), [[0.7, 0.7], [0.6, 0.8]])
        np.testing.assert_allclose(other.get_xydata(), [[0.9, 0.9]])
    # A method without a weight has none beside its point.
    weightless = points.iloc[:1].assign(weight=np.nan)
    assert not tradeoffs("", weightless, published[:0]).axes[0].texts
