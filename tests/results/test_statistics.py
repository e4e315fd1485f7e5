"""Intervals against known answers: exact cases, libraries' own figures, coverage on simulation."""

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from seglab.results.statistics import crossed, first, interval, paired


def test_a_constant_difference_has_no_spread():
    for shape in ((1, 3, 4), (1, 1, 4), (1, 3, 1)):
        assert interval(np.full(shape, 0.25)) == (0.25, 0.25, 0.25, *shape[1:])


def test_a_single_value_has_no_interval():
    found = interval(np.full((1, 1, 1), 0.25))
    assert found.value == 0.25
    assert np.isnan([found.low, found.high]).all()


def test_seeds_without_pictures_have_students_interval():
    # mean 2, standard error 1/sqrt(3), t(0.975, 2) = 4.302653
    found = interval(np.array([[[1.0], [2.0], [3.0]]]))
    assert found.value == 2
    assert found.low == pytest.approx(2 - 4.302653 / np.sqrt(3), abs=1e-6)
    assert found.high == pytest.approx(2 + 4.302653 / np.sqrt(3), abs=1e-6)


def test_two_pictures_of_two_seeds_by_enumeration():
    """Of the 16 equally likely draws, one has only the smallest value and one only the largest.

    These are 1.5 from the mean, spread by √2 · t(0.975, 1) / z(0.975) = 9.168.
    """
    found = interval(np.array([[[0.0, 1.0], [2.0, 3.0]]]))
    assert found[:3] == pytest.approx((1.5, 1.5 - 1.5 * 9.168, 1.5 + 1.5 * 9.168), abs=1e-3)


def test_the_same_data_give_the_same_interval_and_order_does_not_matter():
    values = np.random.default_rng(1).normal(size=(1, 4, 30))
    assert interval(values) == interval(values)
    turned = interval(values[:, ::-1, ::-1])
    np.testing.assert_allclose(turned, interval(values), atol=0.05)


def test_one_seed_agrees_with_the_normal_approximation():
    values = np.random.default_rng(2).normal(0.5, 1, (1, 1, 400))
    low, high = scipy.stats.norm.interval(0.95, values.mean(), scipy.stats.sem(values, axis=None))
    found = interval(values)
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.01)


@pytest.mark.parametrize(
    ("shape", "seed_spread"),
    [((1, 3, 20), 0.3), ((1, 5, 20), 0.1), ((1, 5, 20), 0.0), ((1, 1, 20), 0.0)],
)
def test_the_interval_covers_the_truth_as_often_as_it_says(shape, seed_spread, monkeypatch):
    monkeypatch.setattr("seglab.results.statistics.RESAMPLES", 1000)
    rng = np.random.default_rng(3)
    hits, trials = 0, 300
    for _ in range(trials):
        seeds = rng.normal(0, seed_spread, (1, shape[1], 1))
        pictures = rng.normal(0, 0.5, (1, 1, shape[2]))
        found = interval(0.1 + seeds + pictures + rng.normal(0, 0.3, shape))
        hits += found.low <= 0.1 <= found.high
    assert hits / trials >= 0.91


def test_a_statistic_of_several_means_is_resampled_as_a_whole():
    """A ratio of two quantities that are proportional picture by picture is known exactly."""
    values = np.random.default_rng(4).uniform(1, 2, (3, 10))
    found = interval(np.stack([2 * values, values]), lambda m: m[:, 0] / m[:, 1])
    assert found[:3] == pytest.approx((2, 2, 2))
    assert interval(values[np.newaxis], first).low < values.mean()


def test_differences_are_taken_where_both_have_seed_and_picture():
    better = pd.DataFrame(
        [(0, "a", 0.9), (0, "b", 0.5), (1, "a", 0.7), (1, "b", 0.6), (2, "a", 0.1)],
        columns=["seed", "image", "iou"],
    )
    baseline = pd.DataFrame(
        [(1, "b", 0.5), (1, "a", 0.5), (0, "b", 0.5), (0, "a", 0.5), (0, "c", 0.3)],
        columns=["seed", "image", "iou"],
    )
    differences = paired(crossed(better, "iou"), crossed(baseline, "iou"))
    np.testing.assert_allclose(differences, [[0.4, 0.0], [0.2, 0.1]])
