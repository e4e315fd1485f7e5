"""Curves: means over seeds, bands, smoothing, what was published."""

import pandas as pd

from dashboards.choices import Choice, brief, colour, rows_of
from dashboards.curves import by_epoch, curves_figure, over_seeds, published, smoothed
from seglab.figures.style import EXPERIMENTS
from seglab.results.experiments import experiments, published_curves
from tests.results.published import training_run

HISTORIES = pd.DataFrame(
    [("r0", "val/iou", step, value) for step, value in enumerate([0.1, 0.3, 0.5], start=1)]
    + [("r1", "val/iou", step, value) for step, value in enumerate([0.3, 0.5], start=1)],
    columns=["run_id", "metric", "step", "value"],
)
ROW = Choice("UNet RGB", ("r0", "r1"), "UNet RGB", "icoseg/subset_80", "#222222", "icoseg/rgb", {})


def test_mean_and_band_over_seeds():
    curve = over_seeds(HISTORIES, ["r0", "r1"], "val/iou")
    assert curve["mean"].tolist() == [0.2, 0.4, 0.5]
    assert curve["low"].tolist() == [0.1, 0.3, 0.5]
    assert curve["high"].tolist() == [0.3, 0.5, 0.5]
    assert curve["number"].tolist() == [2, 2, 1]


def test_a_step_that_was_logged_twice_counts_once():
    twice = pd.concat([HISTORIES, pd.DataFrame([("r0", "val/iou", 3, 0.9)], columns=[*HISTORIES])])
    assert over_seeds(twice, ["r0"], "val/iou")["mean"].tolist() == [0.1, 0.3, 0.9]


def test_smoothing_is_a_mean_of_the_last_epochs_of_each_run():
    values = smoothed(HISTORIES, 2)["value"].round(9).tolist()
    assert values == [0.1, 0.2, 0.4, 0.3, 0.4]
    assert smoothed(HISTORIES, 1) is HISTORIES


def test_published_curves_stand_behind():
    curves = published_curves()
    expected = curves[curves["experiment"] == "icoseg/rgb"]["val/iou"].tolist()
    assert published("icoseg/rgb", "val/iou")["mean"].tolist() == expected
    assert published("icoseg/rgb", "learning_rate").empty
    old, band, mean = curves_figure(HISTORIES, [ROW], ["val/iou"]).data
    assert list(old.y) == expected
    assert old.line.dash == "dot"
    assert band.fill == "toself"
    assert list(mean.y) == [0.2, 0.4, 0.5]
    assert {old.line.color, mean.line.color} == {"#222222"}


def test_log_scale_and_a_legend_of_the_first_panel_alone():
    figure = curves_figure(HISTORIES, [ROW], ["val/iou", "val/loss"], log=True)
    assert figure.layout.yaxis.type == figure.layout.yaxis2.type == "log"
    assert [trace.name for trace in figure.data if trace.showlegend] == ["UNet RGB"]


def test_legend_tells_rows_apart_in_as_few_words_as_that_takes():
    other = ROW._replace(runs=("5" * 32,))
    assert brief([ROW, ROW._replace(title="UNet")]) == ["UNet RGB", "UNet"]
    assert brief([ROW, other]) == ["UNet RGB · r0", "UNet RGB · 55555555"]
    assert brief([ROW, ROW._replace(dataset="mine")])[1] == "UNet RGB · mine"


def test_every_experiment_has_its_colour_and_others_one_of_their_own():
    for place, experiment in enumerate(experiments()):
        key = experiment.key.rpartition("/")[2]
        if key in EXPERIMENTS:
            assert colour(place, experiment.title) == EXPERIMENTS[key]
    nowhere = len(experiments())
    assert colour(nowhere, "CAN d=5 RGB") == colour(nowhere, "CAN d=5 RGB")


def test_epochs_of_a_run():
    assert by_epoch(HISTORIES[HISTORIES["run_id"] == "r1"]) == [{"val/iou": 0.3}, {"val/iou": 0.5}]


def test_choices_of_painters_are_told_apart_by_what_they_learnt():
    few, many = ({"tags.seglab.targets": f"{number} superpixels"} for number in (400, 1000))
    runs = [training_run(n, dataset="coco", **targets) for n, targets in enumerate((few, many))]
    assert [choice.title for choice in rows_of(pd.DataFrame(runs))] == [
        "UNet RGB, targets 400 superpixels", "UNet RGB, targets 1000 superpixels",
    ]  # fmt: skip
