"""A verdict on each claim from simulated runs, which can come out each of its three ways."""

import numpy as np
import pandas as pd
import pytest

from seglab.results.claims import claims
from seglab.results.verdicts import OBSERVATIONS, REFUTED, SUPPORTED, UNDECIDED, verdicts

BY_KEY = {claim.key: claim for claim in claims()}
SETTINGS = "published split · width 64"


def observed(values_by_row, score, images=("",), settings=SETTINGS):
    """Rows of observations: ``values_by_row`` maps a key to (seeds, pictures) values."""
    rows = [
        (key, settings, seed, image, score, value)
        for key, values in values_by_row.items()
        for seed, of_seed in enumerate(values)
        for image, value in zip(images, of_seed, strict=True)
    ]
    return pd.DataFrame(rows, columns=OBSERVATIONS)


def verdict(key, observations):
    found = [v for v in verdicts(observations, ["saliency", "superpixels"]) if v.claim.key == key]
    (only,) = found
    return only


def pictures(claim, gain, spread, seeds=3, number=20):
    """Scores of a claim's two rows that differ by about ``gain`` on each picture."""
    rng = np.random.default_rng(0)
    baseline = rng.uniform(0.2, 0.6, (seeds, number))
    noise = rng.normal(0, spread, (seeds, number))
    rows = {claim.baselines[0]: baseline, claim.better: baseline + gain + noise}
    return observed(rows, claim.score, [f"p{i}" for i in range(number)])


@pytest.mark.parametrize(
    ("key", "gain", "spread", "word"),
    [
        ("icoseg-backprop", 0.066, 0.02, SUPPORTED),
        ("icoseg-backprop", 0.02, 0.02, REFUTED),  # better, but by less than claimed
        ("icoseg-backprop", -0.066, 0.02, REFUTED),
        ("icoseg-backprop", 0.05, 0.3, UNDECIDED),
        ("inria-guided", 0.019, 0.01, SUPPORTED),
        ("inria-guided", 0.0, 0.01, REFUTED),
        ("inria-guided", 0.0, 0.3, UNDECIDED),
        ("margins", 0.02, 0.01, SUPPORTED),
        ("margins", -0.02, 0.01, REFUTED),
        ("margins", 0.0, 0.2, UNDECIDED),
        ("roads", -0.02, 0.01, SUPPORTED),
        ("roads", 0.02, 0.01, REFUTED),
        ("roads", 0.0, 0.2, UNDECIDED),
    ],
)
def test_claims_on_pictures(key, gain, spread, word):
    found = verdict(key, pictures(BY_KEY[key], gain, spread))
    assert found.word == word
    assert "n = 3 seeds × 20 pictures" in found.because
    assert SETTINGS in found.because


@pytest.mark.parametrize(
    ("key", "better", "baselines", "word"),
    [
        ("smaller-rate", [1.0, 1.1, 1.2], [[2.0, 2.1, 2.3]], SUPPORTED),
        ("smaller-rate", [2.0, 2.1, 2.3], [[1.0, 1.1, 1.2]], REFUTED),
        ("smaller-rate", [1.0, 2.0, 3.0], [[2.0, 1.0, 3.1]], UNDECIDED),
        ("depth", [1.0, 1.1, 1.2], [[2.0, 2.1, 2.3]] * 3, SUPPORTED),
        ("depth", [1.0, 1.1, 1.2], [[2.0, 2.1, 2.3]] * 2 + [[0.5, 0.6, 0.8]], REFUTED),
        ("depth", [1.0, 1.1, 1.2], [[2.0, 2.1, 2.3]] * 2 + [[1.0, 0.9, 1.4]], UNDECIDED),
        ("depth", [1.0, 1.1, 1.2], [[2.0, 2.1, 2.3]] * 2, UNDECIDED),  # a depth was not run
        ("total-variation", [-6.0, -6.1, -6.0], [[-8.0, -8.1, -8.0]], SUPPORTED),
        ("total-variation", [-7.9, -8.0, -8.0], [[-8.0, -8.1, -8.0]], REFUTED),
        ("total-variation", [-6.0, -9.0, -7.0], [[-8.0, -8.1, -8.0]], UNDECIDED),
    ],
)
def test_claims_on_whole_trainings(key, better, baselines, word):
    claim = BY_KEY[key]
    rows = {claim.better: better, **dict(zip(claim.baselines, baselines, strict=False))}
    observations = observed({k: [[v] for v in values] for k, values in rows.items()}, claim.score)
    found = verdict(key, observations)
    assert found.word == word
    assert "n = 3 seeds" in found.because


def curves(gain, spread, recall=0.85):
    """A network's point beside the photos' curve: recall .7 to .9 where compactness is .9 to .5."""
    rng = np.random.default_rng(1)
    scores = {"network/7.0/boundary_recall": recall}
    scores["network/7.0/compactness_pixels"] = 0.9 - 2 * (recall - 0.7) + gain
    for weight, at in ((2.0, 0.7), (4.0, 0.8), (7.0, 0.9)):
        scores[f"photo/{weight}/boundary_recall"] = at
        scores[f"photo/{weight}/compactness_pixels"] = 0.9 - 2 * (at - 0.7)
    frames = [
        observed(
            {"can/schedule-b": value + rng.normal(0, spread, (3, 30))},
            score,
            [f"p{i}" for i in range(30)],
        )
        for score, value in scores.items()
    ]
    return pd.concat(frames)


@pytest.mark.parametrize(
    ("gain", "spread", "recall", "word"),
    [
        (0.23, 0.005, 0.85, SUPPORTED),
        (0.02, 0.005, 0.85, REFUTED),
        (0.2, 0.5, 0.85, UNDECIDED),
        (0.23, 0.005, 0.99, UNDECIDED),  # the photos' curve does not reach the recall
    ],
)
def test_compactness_is_compared_at_equal_recall(gain, spread, recall, word):
    found = verdict("compactness", curves(gain, spread, recall))
    assert found.word == word
    if word == SUPPORTED:
        assert "difference +0.2" in found.because


def without(observations, seed, **given):
    """``observations`` without those of ``seed`` whose columns begin as ``given``."""
    chosen = observations["seed"] == seed
    for column, beginning in given.items():
        chosen &= observations[column].str.startswith(beginning)
    return observations[~chosen]


def test_curves_are_compared_by_what_all_seeds_were_judged_by():
    """Seeds of one row may have been judged by other sweeps and on other pictures."""
    swept = without(curves(0.23, 0.005), 1, score="photo/2.0")
    found = verdict("compactness", without(swept, 2, image="p1"))
    assert found.word == SUPPORTED
    assert "n = 3 seeds × 19 pictures" in found.because  # p1 and p10 to p19 lack


@pytest.mark.parametrize(
    ("lacking", "why"),
    [
        (
            [(1, "score", "photo/2"), (1, "score", "photo/4")],
            "photos were not judged by two weights",
        ),
        (
            [(0, "score", "photo/2"), (1, "score", "photo/4")],
            "photos were not judged by two weights",
        ),
        (
            [(0, "image", "p1"), (0, "image", "p2"), *((1, "image", f"p{n}") for n in "03456789")],
            "no picture was judged for all its seeds",
        ),
        (
            [(n, "score", "network") for n in range(3)],
            "its network paints was not judged at weight",
        ),
    ],
)
def test_without_a_common_curve_nothing_is_decided(lacking, why):
    observations = curves(0.23, 0.005)
    for seed, column, beginning in lacking:
        observations = without(observations, seed, **{column: beginning})
    found = verdict("compactness", observations)
    assert found.word == UNDECIDED
    assert why in found.because
    assert SETTINGS in found.because


def test_one_seed_decides_nothing_but_shows_what_it_has():
    found = verdict("icoseg-backprop", pictures(BY_KEY["icoseg-backprop"], 0.066, 0.02, seeds=1))
    assert found.word == UNDECIDED
    assert "difference +0.0" in found.because
    assert "n = 1 seed × 20 pictures" in found.because
    assert "needs at least 3 seeds" in found.because


def test_one_test_picture_decides_nothing():
    found = verdict("inria-guided", pictures(BY_KEY["inria-guided"], 0.019, 0.001, number=1))
    assert found.word == UNDECIDED
    assert "needs at least 5 pictures" in found.because


def test_losses_of_whole_trainings_do_not_hide_how_few_pictures_there_are():
    claim = BY_KEY["inria-guided"]
    losses = observed({claim.better: [[0.1]] * 3, claim.baselines[0]: [[0.2]] * 3}, "best_loss")
    found = verdict(claim.key, pd.concat([pictures(claim, 0.019, 0.001, number=1), losses]))
    assert found.word == UNDECIDED
    assert "n = 3 seeds × 1 picture; needs at least 5 pictures" in found.because


def test_claims_without_runs_say_which_are_missing():
    found = verdict("margins", pictures(BY_KEY["inria-guided"], 0.02, 0.01))
    assert found.word == UNDECIDED
    assert "no scored runs of icoseg/rgb+backprop and icoseg/rgb" in found.because


def test_runs_of_other_settings_are_not_compared():
    claim = BY_KEY["margins"]
    both = pictures(claim, 0.02, 0.01)
    both.loc[both["experiment"] == claim.better, "settings"] = "width 2"
    assert verdict("margins", both).word == UNDECIDED


def test_each_split_has_its_own_verdict():
    claim = BY_KEY["margins"]
    grouped = pictures(claim, -0.02, 0.01).assign(settings="grouped split")
    found = verdicts(pd.concat([pictures(claim, 0.02, 0.01), grouped]), ["saliency"])
    assert [v.word for v in found if v.claim.key == "margins"] == [SUPPORTED, REFUTED]
