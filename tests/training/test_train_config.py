"""What a training cannot work with is refused before it starts, all faults at once."""

import pytest

from seglab.errors import ConfigError
from seglab.jobs.config import DemoConfig
from seglab.training.config import TrainConfig
from seglab.tuning.config import TuneConfig
from seglab.tuning.samplers import SeededByTrial


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ({"crop": 100, "task": "superpixels"}, "--crop=100 must be a multiple of 16.*try 96"),
        ({"tile": 100}, "--tile=100 must be a multiple of 16.*try 96"),
        ({"depth": 3, "model": "can"}, "--depth=3 must be at least 4"),
        ({"depth": 5}, "--depth=5 is of no use with --model=unet"),
        ({"tv_weight": 0.1}, "--tv_weight=0.1 is of no use with the task mask"),
        ({"dataset": "coco", "tile": 64}, "--tile=64 is of no use with the task superpixels"),
        ({"schedule_epochs": 2}, "--schedule_epochs=2 is of no use with --schedule=constant"),
        ({"alpha": 1.5, "model": "can"}, "--alpha=1.5 must be at least 0 and below 1"),
        ({"tv_weight": float("nan"), "dataset": "coco"}, "--tv_weight=nan must be at least 0"),
    ],
)
def test_flags_that_cannot_work_or_change_nothing_are_refused(flags, words):
    with pytest.raises(ConfigError, match=words):
        TrainConfig(**flags)


def test_all_faults_are_told_at_once():
    with pytest.raises(ConfigError, match=r"--epochs=0.*--seed=-1 must be at least 0.*--tile=100"):
        TrainConfig(tile=100, epochs=0, seed=-1)


def test_a_demo_and_a_study_refuse_what_their_trainings_would():
    with pytest.raises(ConfigError, match=r"--epochs=0 .*; --seed=-1 must be at least 0"):
        DemoConfig(epochs=0, seed=-1)
    with pytest.raises(ConfigError, match="--seed=-1 must be at least 0"):
        TuneConfig(seed=-1)


@pytest.mark.parametrize("sampler", ["tpe", "grid"])
def test_a_seed_may_be_as_large_as_one_likes(sampler):
    assert TrainConfig(seed=2**40).seed == 2**40
    SeededByTrial(TuneConfig(seed=2**40, sampler=sampler))
