"""Studies of trainings as small as can be, in a workspace of their own."""

import time

import optuna
from mlflow import MlflowClient
from workspace import Workspace

from seglab.data.config import PrepareConfig
from seglab.data.prepare import prepare
from seglab.training.checkpoint import LAST
from seglab.tuning.study import RUN
from tests.data.folders import make_folder, write_lists

SMALL = {"dataset": "folder", "model": "can", "inputs": "rgb", "width": 2, "depth": 4, "tile": 32}
SMALL |= {"epochs": 2, "pruner": "none", "heartbeat": 1}
PATIENCE = 300
"""Seconds that a busy machine may need to start a training."""
LONG = {"epochs": 24, "trials": 2}


def prepared(root, empty_database):
    """A workspace with prepared data."""
    make_folder(root / "mine", "abcd")
    write_lists(root / "mine", {"train": "ab", "val": "c", "test": "d"})
    prepare(PrepareConfig(dataset="folder", data_dir=f"{root}/data", source=str(root / "mine")))
    return Workspace(root, empty_database)


def load_study(space, name):
    """What Optuna keeps of a study."""
    return optuna.load_study(study_name=name, storage=f"sqlite:///{space.folder}/optuna.db")


def children(study, client=None):
    """Runs of a study's trials."""
    parent = study.user_attrs[RUN]
    client = client or MlflowClient()
    return client.search_runs(["0"], f"tags.mlflow.parentRunId = '{parent}'")


def wait_for_checkpoint(space, name, process):
    """A trial at work that leaves a checkpoint from now on."""
    started = time.time()
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        time.sleep(0.1)
        assert process.poll() is None, process.communicate()
        left = space.data_dir.glob(f"runs/*/{LAST}")
        fresh = {path.parent.name for path in left if path.stat().st_mtime > started}
        if not fresh:
            continue  # to open a study takes a tenth of a second's work
        for trial in load_study(space, name).trials:
            if trial.state.name == "RUNNING" and trial.user_attrs.get(RUN) in fresh:
                return trial
    raise AssertionError("no trial left a checkpoint")


def check_whole(space, name, trials, epochs):
    """Nothing is left RUNNING, and each trial that counts has every epoch once, in one run."""
    study = load_study(space, name)
    superseded = {trial.user_attrs.get("seglab.continues") for trial in study.trials}
    assert {trial.state.name for trial in study.trials if trial.number in superseded} <= {"FAIL"}
    counting = [trial for trial in study.trials if trial.number not in superseded]
    assert [trial.state.name for trial in counting] == ["COMPLETE"] * trials
    runs = children(study, space.client)
    assert {run.info.run_id for run in runs} == {trial.user_attrs[RUN] for trial in counting}
    assert [run.info.status for run in runs] == ["FINISHED"] * trials
    for run in runs:
        history = space.client.get_metric_history(run.info.run_id, "val/loss")
        assert [point.step for point in history] == list(range(1, epochs + 1))
    assert space.client.get_run(study.user_attrs[RUN]).info.status == "FINISHED"
