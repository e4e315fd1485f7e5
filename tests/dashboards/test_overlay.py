"""Scores at every threshold, from one count."""

import numpy as np
import pandas as pd
import pytest

from dashboards.overlay import FIRST, STEPS, ordered, sweep
from seglab.evaluation.scores import binarise, score_rows

TRUTH = np.array([[1, 1, 0, 0]], np.uint8)
PROBABILITY = np.array([[255, 100, 128, 0]], np.uint8)


@pytest.mark.parametrize(
    ("threshold", "iou", "dice"),
    # 100 and 128 stand for 0.392 and 0.502: both are object at 0.39, one at 0.5, none at 0.51.
    [(0.39, 2 / 3, 0.8), (0.4, 1 / 3, 0.5), (0.5, 1 / 3, 0.5), (0.51, 1 / 2, 2 / 3)],
)
def test_scores_by_hand(threshold, iou, dice):
    swept = sweep(PROBABILITY, TRUTH)
    place = STEPS.tolist().index(threshold)
    assert (swept.iou[place], swept.dice[place]) == (iou, dice)


@pytest.mark.parametrize("kind", ["noise", "no object", "all object"])
def test_every_threshold_agrees_with_the_evaluation(kind):
    rng = np.random.default_rng(0)
    probability = rng.integers(0, 256, (40, 50), np.uint8)
    truth = {
        "noise": rng.integers(0, 2, (40, 50), np.uint8),
        "no object": np.zeros((40, 50), np.uint8),
        "all object": np.ones((40, 50), np.uint8),
    }[kind]
    rows = pd.DataFrame(score_rows("x", "test", probability, truth, STEPS.tolist()))
    swept = sweep(probability, truth)
    assert swept.iou == rows["iou"].tolist()
    assert swept.dice == rows["dice"].tolist()


def test_first_values_are_those_of_the_masks():
    values = np.arange(256, dtype=np.uint8)[np.newaxis]
    for threshold, first in zip(STEPS.tolist(), FIRST.tolist(), strict=True):
        assert np.array_equal(binarise(values, threshold), values >= first)


def test_order_of_pictures():
    scores = pd.DataFrame({"one": [0.5, 0.1, 0.9], "two": [0.5, 0.9, 0.8]}, index=list("cba"))
    assert ordered(scores, "score") == ["b", "c", "a"]
    assert ordered(scores, "disagreement") == ["b", "a", "c"]
    assert ordered(scores, "name") == ["a", "b", "c"]
