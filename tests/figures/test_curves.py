"""Training curves say what the metrics say; read back from matplotlib's own objects."""

import numpy as np
import pytest

from seglab.figures.curves import norm_curves, training_curves
from seglab.training.tasks import Mask


def history(losses):
    parts = {"train": 0.1, "val": 0.0}
    return [
        {
            f"{part}/{score}": value + shift
            for part, shift in parts.items()
            for score, value in (("loss", loss), ("iou", 0.3), ("dice", 0.4))
        }
        for loss in losses
    ]


def test_training_curves_mark_the_epoch_of_the_lowest_validation_loss():
    figure = training_curves(history([0.5, 0.2, 0.3]), Mask().labels)
    loss, iou, dice = figure.axes
    assert [axes.get_ylabel() for axes in figure.axes] == [
        "binary cross-entropy",
        "intersection over union",
        "Dice similarity coefficient",
    ]
    train, val, best, _ = loss.lines
    np.testing.assert_allclose(train.get_ydata(), [0.6, 0.3, 0.4])
    np.testing.assert_allclose(val.get_ydata(), [0.5, 0.2, 0.3])
    np.testing.assert_array_equal(val.get_xdata(), [1, 2, 3])
    for axes, value in ((loss, 0.2), (iou, 0.3), (dice, 0.4)):
        best = axes.lines[2]
        assert (best.get_xdata()[0], best.get_ydata()[0]) == (2, value)
        assert f"best epoch 2: {value}" in [text.get_text() for text in axes.legend_.texts]


@pytest.mark.parametrize(("first", "scale"), [(0.5, "linear"), (50.0, "log")])
def test_a_loss_that_blew_up_at_first_does_not_flatten_the_rest(first, scale):
    loss, iou, _ = training_curves(history([first, 0.2, 0.1]), Mask().labels).axes
    assert (loss.get_yscale(), iou.get_yscale()) == (scale, "linear")


def test_a_single_epoch_is_visible():
    line = training_curves(history([0.5]), Mask().labels).axes[0].lines[0]
    assert line.get_marker() != ""


def test_norm_curves_show_a_and_b_of_every_layer():
    rows = [
        {"val/loss": 1.0, "norm/01_a": 1.0, "norm/01_b": 0.0, "norm/02_a": 3.0, "norm/02_b": 0.1},
        {"val/loss": 1.0, "norm/01_a": 0.9, "norm/01_b": 0.2, "norm/02_a": 4.0, "norm/02_b": 0.3},
    ]
    a, b = norm_curves(rows).axes
    assert [line.get_ydata().tolist() for line in a.lines] == [[1.0, 0.9], [3.0, 4.0]]
    assert [line.get_ydata().tolist() for line in b.lines] == [[0.0, 0.2], [0.1, 0.3]]
    assert [line.get_label() for line in a.lines] == ["1", "2"]
