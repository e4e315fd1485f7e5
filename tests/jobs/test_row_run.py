"""Which runs a row of a reproduction is taken from: whole ones alone."""

import pandas as pd
import pytest

from seglab.data.config import PrepareConfig
from seglab.data.prepare import prepare
from seglab.evaluation.config import EvaluateConfig
from seglab.jobs.config import ReproduceConfig
from seglab.jobs.evaluate import evaluate
from seglab.jobs.row_run import State, read_known, run_row, state_of
from seglab.jobs.rows import SMALL, rows_of
from seglab.jobs.train import train
from seglab.tracking.run import start_run
from seglab.tuning.config import PRUNED
from tests.data.folders import make_folder, write_lists

TINY = {"width": 2, "epochs": 1, "tile": 64, "batch_size": 2}


@pytest.fixture
def row(tmp_path, sqlite_store, monkeypatch):
    """A row on four pictures, which is still to be trained."""
    monkeypatch.setitem(SMALL, "saliency", TINY)
    make_folder(tmp_path / "mine", "abcd")
    write_lists(tmp_path / "mine", {"train": "ab", "val": "c", "test": "d"})
    data_dir = f"{tmp_path}/data"
    prepare(PrepareConfig(dataset="folder", data_dir=data_dir, source=str(tmp_path / "mine")))
    given = {"dataset": "folder", "scale": "small", "only": ("rgb",)}
    (row,) = rows_of(ReproduceConfig(data_dir=data_dir, **given))
    return row


def trained(row):
    """Id of a run that trains the row, as ``train`` does by hand."""
    train(row.plan.config)
    return str(read_known()["run_id"].iloc[0])


def test_a_trial_that_was_pruned_is_no_training_of_its_row(row):
    with start_run("study trial 7", params={}, tags=row.plan.tags() | {PRUNED: "true"}):
        pass  # as a study leaves it: FINISHED, without a model
    assert state_of(row, read_known()) == State("new")
    run = trained(row)
    with start_run("study trial 8", params={}, tags=row.plan.tags() | {PRUNED: "true"}):
        pass  # newer than the training, which it must not hide
    assert state_of(row, read_known()) == State("trained", run)


def test_a_network_that_was_scored_on_one_part_alone_is_scored_on_all(row):
    run = trained(row)
    evaluate(EvaluateConfig(run=run, splits=("test",), pictures=0))
    state = state_of(row, read_known())
    assert state == State("trained", run)
    assert run_row(row, state, "").how == "scored"
    known = read_known().set_index("run_id")
    scores = [f"metrics.evaluation/{part}/iou" for part in ("train", "val", "test")]
    assert pd.to_numeric(known.loc[run, scores]).notna().all()
    assert state_of(row, read_known()) == State("scored", run)
