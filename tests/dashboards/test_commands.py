"""The command that repeats a run."""

from dataclasses import asdict

import pytest

from dashboards.commands import CONFIGS, command, entry_point, here
from seglab.errors import RUN
from seglab.evaluation.config import EvaluateConfig
from seglab.tracking.run import as_text
from seglab.training.config import TrainConfig
from seglab.tuning.config import TuneConfig


def logged(config):
    return {name: as_text(value) for name, value in asdict(config).items()}


@pytest.mark.parametrize("config", [TrainConfig(), TuneConfig(), EvaluateConfig(run="0123")])
def test_runs_are_recognised_by_their_parameters(config):
    assert CONFIGS[entry_point(logged(config))] is type(config)


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
