"""From runs to rows: what is kept, how it is ordered and typed, what is best."""

import numpy as np
import pandas as pd
import pytest

from seglab.errors import RUN, SeglabError
from seglab.results.printed import notes, printed, settings_line, three_digits
from seglab.results.table import SCORE_COLUMNS, results_table, validation_table
from tests.results.published import METRICS, PUBLISHED, TITLES, published_runs, training_run

ICOSEG, INRIA = PUBLISHED
EPOCH_SCORES = ("loss", "iou", "dice")
BELOW = ["published", "difference"]
SCORES = [f"{p} {s}" for p in ("Train", "Val", "Test") for s in ("IoU", "Dice")]


def measured(table, **options):
    """The lines of the table that show what runs measured."""
    cells = printed(table, **options)
    return cells[cells["Line"] == "measured"]


def test_the_published_table_is_printed_as_it_was_published():
    cells = measured(results_table(published_runs()))
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
    assert (row["width"], row["epochs"], row["seeds"]) == (64, 20, "0")
    assert row["start_time"].tzinfo is not None
    assert len(row["run_id"]) == 32
    assert rows["width"].dtype == rows["epochs"].dtype == "Int64"
    assert rows["test_iou"].dtype == np.float64
    assert list(rows) == [
        "dataset",
        "experiment",
        *[
            f"{p}_{s}{x}"
            for p in ("train", "val", "test")
            for s in ("iou", "dice")
            for x in (
                *("", "_std", "_seeds", "_last", "_last_std", "_last_seeds"),
                *("_published", "_published_std", "_difference"),
            )
        ],
        "split",
        "width",
        "epochs",
        "pictures",
        "seeds",
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


def test_best_is_told_among_rows_of_the_same_settings():
    scores = PUBLISHED[ICOSEG]
    runs = published_runs(ICOSEG).to_dict("records")
    runs.append(training_run(90, scores=scores["guided"], **{"params.split": "grouped"}))
    runs.append(training_run(91, dataset=INRIA, scores=PUBLISHED[INRIA]["rgb"]))
    runs.append(training_run(92, "guided", scores=scores["guided"], **{"params.epochs": "2"}))
    table = results_table(pd.DataFrame(runs))
    for column in SCORE_COLUMNS[-2:]:
        best = table.rows[table.best(column)]
        assert list(zip(best["dataset"], best["split"], best["experiment"], strict=True)) == [
            (ICOSEG, "published", "UNet SAL MAP GUIDED"),
            (ICOSEG, "published", "UNet RGB SAL MAP NONE"),
            (ICOSEG, "grouped", "UNet RGB"),
            (INRIA, "published", "UNet RGB"),
        ]


def test_nothing_is_best_where_all_scores_are_0():
    table = results_table(
        pd.DataFrame([training_run(1, "deconv", scores=PUBLISHED[ICOSEG]["deconv"])])
    )
    assert not any(table.best(column).any() for column in SCORE_COLUMNS)


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
    assert not any("without scores" in n for n in notes(results_table(pd.DataFrame(runs[:1]))))


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
    assert measured(results_table(pd.DataFrame([run])))["Run"].tolist() == ["00000001 KILLED"]


def test_settings_of_all_runs_are_said_once():
    line = settings_line(results_table(published_runs(ICOSEG)))
    assert line == (
        "Split published, width 64, epochs 20, seeds 0, saliency maps from vgg16 · class · raw."
    )
    scores = PUBLISHED[ICOSEG]["rgb"]
    runs = [
        training_run(1, "guided", scores=scores, **{"tags.seglab.saliency": "RANDOM WEIGHTS"}),
        training_run(2, "guided", scores=scores, **{"params.seed": "1"}),
    ]
    table = results_table(pd.DataFrame(runs))
    assert settings_line(table) == "Split published, width 64, epochs 20."
    cells = measured(table)
    assert cells["Seeds"].tolist() == ["0", "1"]
    assert cells["Saliency"].tolist() == ["RANDOM WEIGHTS", "vgg16 · class · raw"]


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        ([], ["no training run", "0 runs", f"{RUN} -e train"]),
        (
            [{"run_id": "4" * 32, "name": "prepare", "status": "FINISHED"}],
            ["no training run", "1 run ", f"{RUN} -e train"],
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


def test_measured_stands_beside_published_with_the_difference():
    scores = ["0.7 ± 0.2"] * 6
    cells = printed(results_table(pd.DataFrame([training_run(1, "rgb+backprop", scores=scores)])))
    assert cells["Line"].tolist() == ["measured", "published", "difference"]
    assert cells["Test IoU"].tolist() == ["0.7 ± 0.2", "0.719 ± 0.266", "−0.019"]
    assert cells["Train IoU"].tolist() == ["0.7 ± 0.2", "0.733 ± 0.222", "−0.033"]
    assert cells["Run"].tolist() == ["00000001", "", ""]
    row = results_table(pd.DataFrame([training_run(1, "rgb", scores=scores)])).rows.iloc[0]
    assert row["test_iou_difference"] == pytest.approx(0.7 - 0.653)


def test_what_was_never_published_has_nothing_beside_it():
    run = training_run(1, "rgb", dataset="folder/mine", scores=PUBLISHED[ICOSEG]["rgb"])
    assert printed(results_table(pd.DataFrame([run])))["Line"].tolist() == ["measured"]


def test_seeds_of_one_configuration_are_one_row_with_their_spread():
    runs = [
        training_run(number, scores=[f"{value} ± {std}"] * 6, **{"params.seed": str(seed)})
        for number, seed, value, std in ((1, 10, 0.6, 0.1), (2, 2, 0.7, 0.2), (3, 0, 0.8, 0.3))
    ]
    runs.append(training_run(4, scores=["0.5 ± 0.1"] * 6))  # seed 0 a second time
    table = results_table(pd.DataFrame(runs))
    row, again = (row for _, row in table.rows.iterrows())
    assert row["seeds"] == "0,2,10"
    assert [run[:8] for run in row["run_id"].split(",")] == ["00000003", "00000002", "00000001"]
    assert row["test_iou"] == pytest.approx(0.7)
    assert row["test_iou_std"] == pytest.approx(0.2)  # over pictures: the mean of the seeds'
    assert row["test_iou_seeds"] == pytest.approx(0.1)  # of 0.6, 0.7 and 0.8, with n − 1
    assert (again["seeds"], again["test_iou"]) == ("0", 0.5)
    cells = printed(table)
    assert cells["Line"].tolist()[:2] == ["measured", "± over 3 seeds"]
    assert cells["Test IoU"].tolist()[:2] == ["0.7 ± 0.2", "0.1"]
    assert np.isnan(again["test_iou_seeds"])


def test_the_last_epoch_stands_below_the_best_one():
    def last(value):
        scores = {name.replace("evaluation", "evaluation_last"): value for name in METRICS}
        return scores | {f"{name}_std": 0.3 for name in scores}

    runs = [
        training_run(n, scores=["0.7 ± 0.2"] * 6, **{"params.seed": str(n)}, **last(value))
        for n, value in enumerate((0.4, 0.6))
    ]
    table = results_table(pd.DataFrame(runs))
    row = table.rows.iloc[0]
    assert row["test_iou_last"] == pytest.approx(0.5)
    assert row["test_iou_last_std"] == pytest.approx(0.3)
    assert row["test_iou_last_seeds"] == pytest.approx(np.sqrt(0.02))  # of 0.4 and 0.6, with n − 1
    cells = printed(table).set_index("Line")["Test IoU"]
    over = "± over 2 seeds"
    assert list(cells.index) == ["measured", over, "last epoch", f"last epoch, {over}", *BELOW]
    assert list(cells[["last epoch", f"last epoch, {over}"]]) == ["0.5 ± 0.3", "0.141"]
    assert any("last epoch" in note for note in notes(table))
    unknown = results_table(pd.DataFrame([training_run(1, scores=["0.7 ± 0.2"] * 6)]))
    assert printed(unknown)["Line"].tolist() == ["measured", *BELOW]
    assert not any("last epoch" in note for note in notes(unknown))


def test_runs_of_other_settings_are_rows_of_their_own():
    scores = PUBLISHED[ICOSEG]["rgb"]
    changes = [{}, {"params.learning_rate": "0.1"}, {"params.epochs": "2"}]
    changes += [{"params.seed": "1", "params.data_dir": "/elsewhere", "params.device": "cuda"}]
    runs = [training_run(n, scores=scores, **change) for n, change in enumerate(changes)]
    assert results_table(pd.DataFrame(runs)).rows["seeds"].tolist() == ["0,1", "0", "0"]


def test_rows_that_look_alike_are_named_with_what_differs():
    scores = PUBLISHED[ICOSEG]["rgb"]
    usual = {"params.learning_rate": "0.0001", "params.precision": "auto"}
    other = {"params.learning_rate": "0.1", "params.accumulation": "1"}
    changes = [usual, usual | other, usual | {"params.seed": "1"}, usual | {"params.width": "8"}]
    runs = [training_run(n, scores=scores, **change) for n, change in enumerate(changes)]
    rows = results_table(pd.DataFrame(runs)).rows
    assert rows[["experiment", "width", "seeds"]].to_numpy().tolist() == [
        ["UNet RGB, learning_rate 0.0001", 64, "0,1"],
        ["UNet RGB, learning_rate 0.1", 64, "0"],
        ["UNet RGB", 8, "0"],
    ]


def test_validation_shows_the_best_and_the_last_epoch_apart():
    scores = PUBLISHED[ICOSEG]["rgb"]
    runs = pd.DataFrame([training_run(1, "rgb", scores=scores), training_run(2, "guided")])
    epochs = pd.DataFrame(
        [(16, 0.07, 0.6, 0.7, 0.12, 0.4, 0.5)],
        index=[runs["run_id"][0]],
        columns=["best_epoch", *(f"{e}_{s}" for e in ("best", "last") for s in EPOCH_SCORES)],
    )
    table = validation_table(runs, epochs)
    cells = measured(table).iloc[0]
    assert cells["Best epoch Epoch"] == "16.0"
    assert (cells["Best epoch Dice"], cells["Last epoch Dice"]) == ("0.7", "0.5")
    below = printed(table).set_index("Line").loc["published"]
    assert (below["Best epoch Epoch"], below["Last epoch Dice"]) == ("16.0", "0.578")
    assert validation_table(runs, epochs.iloc[:0]) is None
