"""From runs to rows: what is kept, how it is ordered and typed, what is best."""

import numpy as np
import pandas as pd
import pytest

from seglab.errors import SeglabError
from seglab.results.printed import notes, printed, settings_line, three_digits
from seglab.results.table import results_table
from tests.results.published import PUBLISHED, TITLES, published_runs, training_run

ICOSEG, INRIA = PUBLISHED
SCORES = [f"{p} {s}" for p in ("Train", "Val", "Test") for s in ("IoU", "Dice")]


def test_the_published_table_is_printed_as_it_was_published():
    cells = printed(results_table(published_runs()))
    expected = [
        [dataset, TITLES[inputs], *scores]
        for dataset, rows in PUBLISHED.items()
        for inputs, scores in rows.items()
    ]
    assert cells[["Dataset", "Experiment", *SCORES]].to_numpy().tolist() == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.65349, "0.653"), (0.7195, "0.72"), (0, "0.0"), (1, "1.0"), (1.8648e-05, "1.86e-05")],
)
def test_three_significant_digits(value, expected):
    assert three_digits(value) == expected


def test_rows_are_plain_numbers():
    rows = results_table(published_runs()).rows
    row = rows[(rows["dataset"] == ICOSEG) & (rows["experiment"] == "UNet RGB")].iloc[0]
    assert row["test_iou"] == 0.653
    assert row["test_dice_std"] == 0.299
    assert (row["width"], row["epochs"], row["seed"]) == (64, 20, 0)
    assert row["start_time"].tzinfo is not None
    assert len(row["run_id"]) == 32
    assert rows["width"].dtype == rows["seed"].dtype == "Int64"
    assert rows["test_iou"].dtype == np.float64
    assert list(rows) == [
        "dataset",
        "experiment",
        *[
            f"{p}_{s}{x}"
            for p in ("train", "val", "test")
            for s in ("iou", "dice")
            for x in ("", "_std")
        ],
        "split",
        "width",
        "epochs",
        "seed",
        "saliency",
        "status",
        "run_id",
        "start_time",
    ]


def test_repeated_runs_stand_together_oldest_first_and_grouped_splits_behind():
    scores = PUBLISHED[ICOSEG]["rgb"]
    runs = [
        training_run(1, "rgb+guided", scores=scores),
        # Older than its id makes it look among the others.
        training_run(5, "rgb", scores=scores, start_time=pd.Timestamp("2024-01-01", tz="UTC")),
        training_run(2, "rgb", scores=scores, **{"params.split": "grouped"}),
        training_run(3, "rgb", scores=scores),
        training_run(4, "something new", scores=scores),
    ]
    rows = results_table(pd.DataFrame(runs)).rows
    assert [int(run_id[:8], 16) for run_id in rows["run_id"]] == [5, 3, 1, 4, 2]


def test_best_is_told_for_each_data_set_and_split_apart():
    scores = PUBLISHED[ICOSEG]
    runs = published_runs(ICOSEG).to_dict("records")
    runs.append(training_run(90, scores=scores["deconv"], **{"params.split": "grouped"}))
    runs.append(training_run(91, dataset=INRIA, scores=PUBLISHED[INRIA]["rgb"]))
    table = results_table(pd.DataFrame(runs))
    for score in ("test_iou", "test_dice"):
        best = table.rows[table.best(score)]
        assert list(zip(best["dataset"], best["split"], best["experiment"], strict=True)) == [
            (ICOSEG, "published", "UNet RGB SAL MAP NONE"),
            (ICOSEG, "grouped", "UNet RGB"),
            (INRIA, "published", "UNet RGB"),
        ]


def test_only_the_best_test_scores_are_bold():
    cells = printed(results_table(published_runs(ICOSEG)), bold=lambda score: f"<{score}>")
    bold = [
        (row["Experiment"], column, row[column])
        for _, row in cells.iterrows()
        for column in SCORES
        if row[column].startswith("<")
    ]
    assert bold == [
        ("UNet RGB SAL MAP NONE", "Test IoU", "<0.719 ± 0.266>"),
        ("UNet RGB SAL MAP NONE", "Test Dice", "<0.796 ± 0.262>"),
    ]


def test_runs_without_scores_are_counted_and_jobs_that_train_nothing_are_not():
    runs = [
        training_run(1, scores=PUBLISHED[ICOSEG]["rgb"]),
        training_run(2),
        training_run(3, status="FAILED"),
        {"run_id": "4" * 32, "name": "prepare icoseg", "status": "FINISHED"},
    ]
    table = results_table(pd.DataFrame(runs))
    assert len(table.rows) == 1
    assert table.unevaluated == ("00000002", "00000003 FAILED")
    note = notes(table)[-1]
    assert "2 training runs" in note
    assert "00000003 FAILED" in note
    assert len(notes(results_table(pd.DataFrame(runs[:1])))) == 1


def test_a_half_evaluated_run_shows_dashes_for_what_it_lacks():
    run = training_run(1, "rgb", scores=PUBLISHED[ICOSEG]["rgb"])
    run = {k: v for k, v in run.items() if "/val/" not in k and "train/iou_std" not in k}
    cells = printed(results_table(pd.DataFrame([run]))).iloc[0]
    assert cells["Val IoU"] == cells["Val Dice"] == "–"
    assert cells["Train IoU"] == "0.723"
    assert cells["Test IoU"] == "0.653 ± 0.302"


def test_a_run_of_another_making_that_has_scores_is_kept():
    run = {"run_id": "a" * 32, "status": "FINISHED", "metrics.evaluation/test/iou": 0.5}
    cells = printed(results_table(pd.DataFrame([run]))).iloc[0]
    assert cells["Dataset"] == cells["Experiment"] == cells["Width"] == "–"
    assert cells["Test IoU"] == "0.5"


def test_a_run_that_ended_badly_says_so_beside_its_id():
    run = training_run(1, scores=PUBLISHED[ICOSEG]["rgb"], status="KILLED")
    assert printed(results_table(pd.DataFrame([run])))["Run"].tolist() == ["00000001 KILLED"]


def test_settings_of_all_runs_are_said_once():
    line = settings_line(results_table(published_runs(ICOSEG)))
    assert line == (
        "Split published, width 64, epochs 20, seed 0, saliency maps from vgg16 · class · raw."
    )
    scores = PUBLISHED[ICOSEG]["rgb"]
    runs = [
        training_run(1, "guided", scores=scores, **{"tags.seglab.saliency": "RANDOM WEIGHTS"}),
        training_run(2, "guided", scores=scores, **{"params.seed": "1"}),
    ]
    table = results_table(pd.DataFrame(runs))
    assert settings_line(table) == "Split published, width 64, epochs 20."
    cells = printed(table)
    assert cells["Seed"].tolist() == ["0", "1"]
    assert cells["Saliency"].tolist() == ["RANDOM WEIGHTS", "vgg16 · class · raw"]


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        ([], ["no training run", "0 runs", "mlflow run . -e train"]),
        (
            [{"run_id": "4" * 32, "name": "prepare", "status": "FINISHED"}],
            ["no training run", "1 run ", "mlflow run . -e train"],
        ),
        (
            [training_run(2), training_run(1)],
            ["2 training runs", "none scored", "-e evaluate -P run=00000002" + "0" * 24],
        ),
    ],
)
def test_an_experiment_without_scores_says_what_to_run(runs, expected):
    frame = pd.DataFrame(runs, columns=None if runs else ["run_id", "name", "status", "start_time"])
    with pytest.raises(SeglabError) as error:
        results_table(frame)
    for words in expected:
        assert words in str(error.value)
