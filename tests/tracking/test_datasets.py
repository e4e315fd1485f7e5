"""Data sets as inputs of runs."""

import json
from contextlib import ExitStack

import pandas as pd
from mlflow import MlflowClient

from seglab.tracking.run import start_run


def test_a_data_set_is_an_input_with_our_digest(any_store: str) -> None:
    frame = pd.DataFrame({"name": ["a", "b"], "height": [3, 4]})
    with start_run("r", params={}) as run:
        run.dataset(frame, "icoseg/subset_80", "0123456789abcdef" * 2, "train", source="/data x")
        run.dataset(frame, "icoseg/subset_80", "0123456789abcdef" * 2, "train", source="/data x")
    (given,) = MlflowClient().get_run(run.id).inputs.dataset_inputs
    assert given.dataset.name == "icoseg/subset_80"
    assert given.dataset.digest == "0123456789abcdef" * 2
    assert json.loads(given.dataset.source) == {"uri": "/data x"}
    assert json.loads(given.dataset.profile)["num_rows"] == 2
    assert {tag.key: tag.value for tag in given.tags} == {"mlflow.data.context": "train"}


def test_runs_that_meet_in_a_new_data_set_all_have_it(any_store: str) -> None:
    frame = pd.DataFrame({"name": ["a"]})
    with ExitStack() as ends:
        runs = [ends.enter_context(start_run(name, params={})) for name in "abcd"]
        for number in range(25):
            for run in runs:
                run.dataset(frame, f"data set {number}", f"{number:032}", "train")
    for run in runs:
        given = MlflowClient().get_run(run.id).inputs.dataset_inputs
        assert sorted(entry.dataset.digest for entry in given) == [f"{n:032}" for n in range(25)]
