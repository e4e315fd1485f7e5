"""The list of experiments: whole, runnable, and in agreement with the curves published with it."""

import shlex
from dataclasses import asdict

import pytest

from seglab.results.claims import claims
from seglab.results.experiments import (
    experiment_of,
    experiments,
    place,
    published_curves,
    unusual,
)
from seglab.superpixels.config import SuperpixelsConfig
from seglab.tracking.run import as_text
from seglab.training.config import TrainConfig

ICOSEG = [e for e in experiments() if e.dataset == "icoseg"]
BY_KEY = {e.key: e for e in experiments()}
CONFIGS = {"train": TrainConfig, "superpixels": SuperpixelsConfig}


def config(experiment):
    return CONFIGS[experiment.job](dataset=experiment.dataset, **experiment.changes)


def as_params(experiment):
    return {name: as_text(value) for name, value in asdict(config(experiment)).items()}


def test_the_published_order_and_figures():
    saliency = [e for e in experiments() if e.table == "saliency"]
    assert [e.key for e in saliency] == [
        *("icoseg/backprop", "icoseg/deconv", "icoseg/guided", "icoseg/rgb"),
        *("icoseg/rgb+backprop", "icoseg/rgb+deconv", "icoseg/rgb+guided"),
        *("inria/backprop", "inria/guided", "inria/rgb", "inria/rgb+backprop", "inria/rgb+guided"),
    ]
    assert BY_KEY["icoseg/rgb+backprop"].title == "UNet RGB SAL MAP NONE"
    assert BY_KEY["icoseg/rgb+backprop"].published["test_iou"] == (0.719, 0.266)
    assert BY_KEY["inria/rgb+guided"].published["test_dice"] == (0.725, 0.0)
    assert BY_KEY["icoseg/rgb"].published["best_epoch"].value == 16
    assert BY_KEY["icoseg/rgb"].published["last_dice"].value == pytest.approx(0.5777, abs=1e-4)
    assert BY_KEY["can/d7"].published["best_loss"] == (0.00311, None)
    assert BY_KEY["can/schedule-b"].published["compactness_pixels"].value == 0.7682
    assert BY_KEY["slic"].published["undersegmentation"].value == 0.1


@pytest.mark.parametrize("experiment", experiments(), ids=lambda e: e.key)
def test_every_row_is_a_config_that_its_command_names(experiment):
    assert config(experiment).dataset == experiment.dataset
    words = shlex.split(experiment.command())
    assert words[:5] == ["mlflow", "run", ".", "-e", experiment.job]
    assert f"dataset={experiment.dataset}" in words
    assert experiment.source


@pytest.mark.parametrize("experiment", experiments(), ids=lambda e: e.key)
def test_a_run_of_a_row_is_recognised_whatever_its_size(experiment):
    params = as_params(experiment) | {"width": "2", "seed": "5"}
    if "schedule_epochs" not in experiment.changes:
        params |= {"epochs": "1"}
    assert experiment_of(params, experiment.dataset) == experiment
    assert experiment_of(params, "sample") is None


def test_a_schedule_is_recognised_by_its_share_of_the_epochs():
    row = BY_KEY["can/schedule-b"]
    params = as_params(row) | {"epochs": "16"}
    assert experiment_of(params | {"schedule_epochs": "2"}, "coco") == row
    assert experiment_of(params | {"schedule_epochs": "10"}, "coco") is None


@pytest.mark.parametrize("other", [{"dilations": "chen"}, {"schedule": "halve"}])
def test_a_network_of_another_form_is_of_no_row(other):
    assert experiment_of(as_params(BY_KEY["can/schedule-c"]) | other, "coco") is None


@pytest.mark.parametrize("norm", ["adaptive", "adaptive_original"])
def test_a_network_is_of_its_row_in_either_form_of_its_norm(norm):
    """The study described the first, and ran the second."""
    row = BY_KEY["can/schedule-b"]
    params = as_params(row) | {"norm": norm}
    assert experiment_of(params, "coco") == row
    assert unusual(params) == (["norm"] if norm == "adaptive_original" else [])


def test_runs_of_no_row_are_placed_last():
    assert place(as_params(BY_KEY["icoseg/rgb"])) < place(as_params(BY_KEY["icoseg/rgb+guided"]))
    params = {"model": "unet", "inputs": "something else"}
    assert experiment_of(params, "icoseg") is None
    assert place(params) == len(experiments())


@pytest.mark.parametrize("experiment", ICOSEG, ids=lambda e: e.key)
def test_curves_reach_the_published_table_at_their_lowest_loss(experiment):
    """The study tested the epoch of lowest validation loss; its pictures are a tile each."""
    curve = published_curves().query("experiment == @experiment.key").set_index("epoch")
    assert list(curve.index) == list(range(1, 21))
    best = curve.loc[curve["val/loss"].idxmin()]
    for score in ("iou", "dice"):
        assert best[f"val/{score}"] == pytest.approx(
            experiment.published[f"val_{score}"].value, abs=0.0015
        )


def test_claims_compare_rows_that_there_are():
    for claim in claims():
        assert {claim.better, *claim.baselines} <= set(BY_KEY)
        assert claim.direction in (1, -1)
        assert claim.table == BY_KEY[claim.better].table
