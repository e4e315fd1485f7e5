"""Runs of one configuration are one, however their users typed its numbers."""

import pandas as pd
import pytest

from seglab.results.apart import spelt
from seglab.results.table import results_table, typed
from tests.results.published import PUBLISHED, training_run

PAINTER = {
    "model": "can", "depth": "7", "schedule": "drop", "dataset": "coco", "inputs": "rgb",
    "schedule_epochs": "10", "epochs": "80",
}  # fmt: skip
RATES = ("0.01", "1e-2", ".01", "0.010")


@pytest.mark.parametrize(
    ("text", "one"),
    [
        *((rate, "0.01") for rate in RATES),
        ("0.00001", "1e-05"),
        ("2.", "2.0"),
        ("-.5", "-0.5"),
        ("16", "16"),
        ("007", "007"),
        ("2024_01", "2024_01"),
        ("rgb+guided", "rgb+guided"),
        ("nan", "nan"),
        ("Infinity", "Infinity"),
        ("12e45678901234567890123456789012", "12e45678901234567890123456789012"),
        ("", ""),
    ],
)
def test_numbers_have_one_spelling_and_words_stay(text, one):
    assert spelt(text) == one


def test_a_rate_in_any_spelling_is_of_the_published_row():
    params = {f"params.{name}": value for name, value in PAINTER.items()}
    runs = [training_run(n, **params, **{"params.learning_rate": r}) for n, r in enumerate(RATES)]
    found = typed(pd.DataFrame(runs))
    assert [row.key for row in found["published"]] == ["can/schedule-b"] * len(RATES)
    assert found["configuration"].nunique() == found["place"].nunique() == 1


def test_seeds_whose_rates_are_spelt_otherwise_are_one_row():
    scores = PUBLISHED["icoseg/subset_80"]["rgb"]
    runs = [
        training_run(n, scores=scores, **{"params.learning_rate": rate, "params.seed": str(n)})
        for n, rate in enumerate(("0.0001", "1e-4"))
    ]
    rows = results_table(pd.DataFrame(runs)).rows
    assert rows["seeds"].tolist() == ["0,1"]
    assert rows["experiment"].tolist() == ["UNet RGB"]


def test_runs_of_one_data_set_before_and_after_it_changed_are_two_rows():
    before, after = ({"tags.seglab.data_digest": digest * 8} for digest in ("1f", "2e"))
    scores = PUBLISHED["icoseg/subset_80"]["rgb"]
    runs = [
        training_run(1, scores=scores, **before),
        training_run(2, scores=scores, **after, **{"params.seed": "1"}),
        training_run(3, scores=scores, **after, **{"params.seed": "2"}),
    ]
    rows = results_table(pd.DataFrame(runs)).rows
    assert rows["experiment"].tolist() == ["UNet RGB, data 1f1f1f1f", "UNet RGB, data 2e2e2e2e"]
    assert rows["seeds"].tolist() == ["0", "1,2"]


def test_maps_of_one_title_and_other_settings_are_two_rows():
    coarse, fine = ({"tags.seglab.saliency_settings": digest * 8} for digest in ("1f", "2e"))
    scores = PUBLISHED["icoseg/subset_80"]["guided"]
    runs = [
        training_run(1, "guided", scores=scores, **coarse),
        training_run(2, "guided", scores=scores, **fine, **{"params.seed": "1"}),
    ]
    maps = results_table(pd.DataFrame(runs)).rows["saliency"].tolist()
    assert maps == [f"vgg16 · class · raw · {digest}" for digest in ("1f1f1f1f", "2e2e2e2e")]
    assert set(typed(pd.DataFrame(runs[:1]))["saliency"]) == {"vgg16 · class · raw"}
