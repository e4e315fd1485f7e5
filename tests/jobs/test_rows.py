"""Which rows a reproduction runs, and with what parameters at each scale."""

from dataclasses import replace

import pytest

from seglab.errors import ConfigError
from seglab.jobs.config import ReproduceConfig
from seglab.jobs.rows import NARROW, SMALL, choose_experiments, training
from seglab.results.experiments import experiments


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, 12),
        ({"dataset": "icoseg"}, 7),
        ({"dataset": "inria"}, 5),
        ({"dataset": "sample"}, 7),
        ({"dataset": "icoseg", "only": ("rgb", "icoseg/guided")}, 2),
        ({"only": ("rgb",)}, 2),
        ({"table": "superpixels"}, 12),
        ({"table": "superpixels", "dataset": "sample"}, 12),
        ({"table": "all"}, 24),
    ],
)
def test_rows_are_chosen_by_table_data_and_name(changes, expected):
    chosen = choose_experiments(ReproduceConfig(**changes))
    assert len(chosen) == expected
    order = [e.key for e in experiments()]
    assert [e.key for e in chosen] == sorted([e.key for e in chosen], key=order.index)


def test_unknown_rows_list_the_choices():
    with pytest.raises(ConfigError, match=r"--only=hsv names no row; choose among icoseg/backprop"):
        choose_experiments(ReproduceConfig(only=("hsv", "rgb")))
    with pytest.raises(ConfigError, match=r"choose among d4, d5, .*, slic, eikonal$"):
        choose_experiments(
            ReproduceConfig(table="superpixels", dataset="sample", only=("icoseg/d4",))
        )


def test_small_trainings_keep_a_schedule_s_share_of_the_epochs():
    (drop,) = choose_experiments(ReproduceConfig(table="superpixels", only=("schedule-b",)))
    published = training(ReproduceConfig(table="superpixels"), drop, 0)
    small = training(ReproduceConfig(table="superpixels", scale="small"), drop, 0)
    assert (published.epochs, published.schedule_epochs) == (80, 10)
    assert (small.epochs, small.schedule_epochs) == (SMALL["superpixels"]["epochs"], 1)


def test_the_narrow_scale_is_the_published_one_but_for_the_width():
    (row,) = choose_experiments(ReproduceConfig(dataset="icoseg", only=("rgb+guided",)))
    published = training(ReproduceConfig(), row, 0)
    assert training(ReproduceConfig(scale="narrow"), row, 0) == replace(published, **NARROW)
