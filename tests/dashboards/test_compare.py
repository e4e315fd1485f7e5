"""Two runs picture by picture: differences by hand, intervals as verdicts have them."""

import numpy as np
import pandas as pd

from dashboards.compare import (
    compare,
    differences,
    in_words,
    scatter,
    sorted_coefficients,
    which_runs,
)
from seglab.results.statistics import interval


def rows(seed, **scores):
    frame = pd.DataFrame({"image": list(scores), "iou": list(scores.values())})
    return frame.assign(seed=seed, dice=1.0)


def test_differences_by_hand():
    found = compare(rows("0", a=0.1, b=0.5, c=0.9), rows("0", a=0.3, b=0.4, d=1.0), "iou")
    assert found.pictures.index.tolist() == ["a", "b"]
    assert np.allclose(found.pictures["difference"], [0.2, -0.1])
    assert (found.difference.pictures, found.difference.seeds) == (2, 1)
    assert np.isclose(found.difference.value, 0.05)


def test_interval_is_that_of_the_verdicts():
    rng = np.random.default_rng(1)
    values = rng.uniform(0, 1, (2, 2, 12))
    sides = [
        pd.concat([rows(str(seed), **{f"p{i:02}": v for i, v in enumerate(values[side, seed])})
                   for seed in range(2)])
        for side in range(2)
    ]  # fmt: skip
    found = compare(*sides, "iou")
    assert found.difference == interval((values[1] - values[0])[np.newaxis])
    assert "12 pictures × 2 seeds" in in_words(found, "iou")
    assert "may be noise" in in_words(found, "iou")


def test_width_that_comes_from_few_seeds_is_said():
    # Every picture differs by 0.1 with one seed and by 0.3 with the other: pictures tell nothing.
    steps = {"0": (0.1, 0.2), "1": (0.1, 0.4)}
    sides = [
        pd.concat([rows(seed, **dict.fromkeys("abcdef", side[at])) for seed, side in steps.items()])
        for at in (0, 1)
    ]
    said = in_words(compare(*sides, "iou"), "iou")
    assert "there are only 2 seeds" in said
    assert "over the pictures alone, it is +0.200 … +0.200" in said
    # Seeds that agree widen little; it is the pictures that differ.
    same = [pd.concat([rows(s, **{c: side * k / 9 for k, c in enumerate("abcdef")}) for s in "01"])
            for side in (0.5, 1)]  # fmt: skip
    assert "only 2 seeds" not in in_words(compare(*same, "iou"), "iou")


def test_one_seed_is_told_apart_from_certainty():
    sides = [rows("0", **{c: s + k / 99 for k, c in enumerate("abcdef")}) for s in (0.1, 0.3)]
    said = in_words(compare(*sides, "iou"), "iou")
    assert "B − A: mean IoU **+0.200**" in said
    assert "does not hold 0" in said
    assert "One seed tells nothing of another training." in said


def test_seeds_that_are_not_shared_are_paired_in_order():
    sides = rows("0", a=0.1, b=0.2), rows("7", a=0.4, b=0.6)
    found = compare(*sides, "iou")
    assert np.isclose(found.difference.value, 0.35)
    assert "seed 0 of A against seed 7 of B" in which_runs(found, *sides)


def test_text_and_pictures_are_of_the_seeds_that_both_have():
    first = pd.concat([rows("0", a=0.1, b=0.2), rows("1", a=0.9, b=0.9)])
    second = pd.concat([rows("0", a=0.3, b=0.2), rows("2", a=0.0, b=0.0)])
    found = compare(first, second, "iou")
    assert found.pictures["a"].tolist() == [0.1, 0.2]
    assert found.pictures["b"].tolist() == [0.3, 0.2]
    assert np.isclose(found.difference.value, found.pictures["difference"].mean())
    said = which_runs(found, first, second)
    assert "are of seed 0 of both." in said
    assert "Left out: seed 1 of A" in said
    assert "Left out: seed 2 of B" in said


def test_nothing_in_common_is_said():
    found = compare(rows("0", a=0.1), rows("0", b=0.2), "iou")
    assert in_words(found, "iou") == "The two have no picture in common."


def test_figures_show_every_picture_by_name():
    pictures = compare(rows("0", a=0.1, b=0.5), rows("0", a=0.3, b=0.4), "iou").pictures
    (points,) = scatter(pictures, "iou", "A", "B", "#000000").data
    assert list(points.customdata) == ["a", "b"]
    assert (list(points.x), list(points.y)) == ([0.1, 0.5], [0.3, 0.4])
    (bars,) = differences(pictures, "iou", "#000000").data
    assert list(bars.customdata) == ["b", "a"]
    first, second = sorted_coefficients(pictures, "AB", ["#000000"] * 2, "iou").data
    assert (list(first.y), list(second.y)) == ([0.1, 0.5], [0.3, 0.4])
