"""The command that repeats a run."""

import subprocess
import sys
from dataclasses import asdict

import pytest

from dashboards.commands import CONFIGS, command, entry_point, here
from seglab.errors import RUN
from seglab.evaluation.config import EvaluateConfig
from seglab.jobs.config import ReproduceConfig
from seglab.superpixels.config import SuperpixelsConfig, TargetsConfig
from seglab.tracking.run import as_text
from seglab.training.config import TrainConfig
from seglab.tuning.config import TuneConfig


def logged(config):
    return {name: as_text(value) for name, value in asdict(config).items()}


@pytest.mark.parametrize(
    "config",
    [
        *(TrainConfig(), TuneConfig(), EvaluateConfig(run="0123"), TargetsConfig()),
        *(SuperpixelsConfig(), ReproduceConfig()),
    ],
)
def test_runs_are_recognised_by_their_parameters(config):
    assert CONFIGS[entry_point(logged(config))] is type(config)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (
            SuperpixelsConfig(run="0123", method=("eikonal", "slic"), update=False),
            "superpixels -P run=0123 -P method=eikonal,slic -P update=false",
        ),
        (TargetsConfig(superpixels=1000), "targets -P superpixels=1000"),
        (ReproduceConfig(only=("d4", "d7")), "reproduce -P only=d4,d7"),
    ],
)
def test_jobs_on_superpixels_and_reproductions_are_repeated(config, words):
    assert command(logged(config)) == f"{RUN} -e {words}"


def test_what_the_configs_come_with_takes_no_seconds_to_import():
    slow = "{'torch', 'numba', 'mlflow', 'optuna', 'skimage'}"
    told = f"import sys, dashboards.commands; print(*{slow} & {{*sys.modules}})"
    found = subprocess.run([sys.executable, "-c", told], capture_output=True, check=True, text=True)
    assert found.stdout.split() == []


def test_command_has_what_differs_from_the_defaults():
    config = TrainConfig(dataset="icoseg", inputs="rgb", learning_rate=3e-4, seed=2)
    assert command(logged(config)) == (
        f"{RUN} -e train -P dataset=icoseg -P inputs=rgb -P learning_rate=0.0003 -P seed=2"
    )


def test_parameters_that_came_later_have_their_defaults():
    params = logged(TrainConfig(inputs="rgb"))
    del params["tile"]
    assert command(params) == f"{RUN} -e train -P inputs=rgb"


def test_no_command_is_made_up():
    assert command({"lr": "3"}) == ""
    assert command({}) == ""
    assert command(logged(TrainConfig()) | {"momentum": "0.9"}) == ""


@pytest.mark.parametrize("start", ["mlflow run .", "mlflow run . --env-manager local"])
def test_logged_command_is_given_as_on_this_machine(start):
    assert here(f"{start} -e train -P seed=2") == f"{RUN} -e train -P seed=2"
    assert here("") == ""
