"""Scores against pencil and paper, and against the thresholds that the original study used."""

import numpy as np
import pytest

from seglab.evaluation.scores import (
    Counts,
    binarise,
    count,
    dice,
    iou,
    margin_confidence,
    score_rows,
)


def mask(*rows: str) -> np.ndarray:
    return np.array([[pixel == "#" for pixel in row] for row in rows], np.uint8)


CASES = {
    # name: prediction, truth, counts, IoU, Dice; the cases of the study's own metric tests
    "both empty": (mask("...", "..."), mask("...", "..."), (0, 0, 0, 6), 1.0, 1.0),
    "prediction empty": (mask("...", "..."), mask("##.", "..."), (0, 0, 2, 4), 0.0, 0.0),
    "truth empty": (mask("#..", "..."), mask("...", "..."), (0, 1, 0, 5), 0.0, 0.0),
    "equal": (mask("##.", "#.."), mask("##.", "#.."), (3, 0, 0, 3), 1.0, 1.0),
    "disjoint": (mask("#..", "..."), mask("..#", "..."), (0, 1, 1, 4), 0.0, 0.0),
    "6 of 8": (
        mask("######.", "......#"),
        mask("#######", "......."),
        (6, 1, 1, 6),
        6 / 8,
        12 / 14,
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_counts_and_scores(case):
    prediction, truth, counts, expected_iou, expected_dice = case
    for p in (prediction, prediction.astype(bool)):
        found = count(p, truth)
        assert found == Counts(*counts)
        assert iou(found) == expected_iou
        assert dice(found) == pytest.approx(expected_dice)


def test_a_mask_of_0_and_255_counts_like_one_of_0_and_1():
    truth = mask("##..", "#...")
    assert count(truth * 255, truth) == Counts(3, 0, 0, 5)


@pytest.mark.parametrize(("threshold", "least"), [(0.4, 102), (0.5, 128), (0.6, 153)])
def test_thresholds_act_on_the_stored_8_bits(threshold, least):
    every = np.arange(256, dtype=np.uint8).reshape(16, 16)
    objects = binarise(every, threshold)
    assert every[objects].min() == least
    assert objects.sum() == 256 - least
    np.testing.assert_array_equal(objects, every / 255 >= threshold)


def test_thresholds_between_and_beyond_the_levels():
    every = np.arange(256, dtype=np.uint8).reshape(16, 16)
    for threshold in (1e-9, 0.1, 1 / 3, 0.999, 1.0, 1.5):
        np.testing.assert_array_equal(binarise(every, threshold), every / 255 >= threshold)


def test_a_row_holds_counts_of_its_own_threshold():
    probability = np.array([[0, 110, 140, 200]], np.uint8)
    truth = np.array([[0, 0, 1, 1]], np.uint8)
    rows = score_rows("pond", "test", probability, truth, (0.4, 0.5, 0.6))
    assert [row["threshold"] for row in rows] == [0.4, 0.5, 0.6]
    assert [(row["tp"], row["fp"], row["fn"], row["tn"]) for row in rows] == [
        (2, 1, 0, 1),
        (2, 0, 0, 2),
        (1, 0, 1, 2),
    ]
    assert rows[0] == {
        "image": "pond",
        "part": "test",
        "threshold": 0.4,
        "tp": 2,
        "fp": 1,
        "fn": 0,
        "tn": 1,
        "iou": 2 / 3,
        "dice": 4 / 5,
        "margin": pytest.approx((127.5 + 17.5 + 12.5 + 72.5) / 4 / 255),
        "height": 1,
        "width": 4,
    }


def test_confidence_counts_in_the_margin_alone():
    truth = np.zeros((1, 40), np.uint8)
    truth[:, 20:] = 1  # the margin is columns 15 to 24
    probability = np.full((1, 40), 255, np.uint8)
    probability[:, 15:25] = 0
    probability[:, 15] = 51  # p = 0.2
    assert margin_confidence(probability, truth) == pytest.approx((9 * 0.5 + 0.3) / 10)
    probability[:, :15] = 128
    probability[:, 25:] = 128
    assert margin_confidence(probability, truth) == pytest.approx((9 * 0.5 + 0.3) / 10)


def test_margins_do_not_follow_the_edge_of_the_picture():
    truth = np.zeros((30, 30), np.uint8)
    truth[:, :10] = 1
    probability = np.full((30, 30), 255, np.uint8)
    probability[:, 5:15] = 0
    probability[0] = 255
    assert margin_confidence(probability, truth) == 0.5
    probability[:, 5:15] = 128
    assert margin_confidence(probability, truth) < 0.5


@pytest.mark.parametrize("value", [0, 1])
def test_a_picture_without_a_border_has_no_margin(value):
    flat = np.full((20, 20), value, np.uint8)
    assert np.isnan(margin_confidence(flat * 255, flat))
