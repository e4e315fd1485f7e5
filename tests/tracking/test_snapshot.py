"""Runs that are read again in the background: when they change, and when the store goes away."""

import time

import pytest
from mlflow import MlflowClient

from seglab.errors import TrackingError
from seglab.tracking import snapshot
from seglab.tracking.snapshot import Watched


def wait_until(true):
    until = time.monotonic() + 60
    while not true() and time.monotonic() < until:
        time.sleep(0.02)
    assert true()


def test_version_changes_with_the_runs_alone(sqlite_store):
    client = MlflowClient()
    run = client.create_run("0").info.run_id
    watched = Watched("Default")
    assert watched.latest().version == 1
    watched.read()
    assert watched.latest().version == 1
    client.log_metric(run, "loss", 0.5)
    watched.read()
    assert watched.latest().version == 2
    assert watched.latest().runs["metrics.loss"].tolist() == [0.5]


def test_what_is_no_longer_fresh_is_read_anew_in_the_background(sqlite_store, monkeypatch):
    monkeypatch.setattr(snapshot, "PAUSE", 0.0)
    monkeypatch.setattr(snapshot, "FRESH", 0.0)
    monkeypatch.setattr(snapshot, "SHARE", 0)
    watched = Watched("Default")
    assert watched.latest().runs.empty
    MlflowClient().create_run("0")
    wait_until(lambda: len(watched.latest().runs) == 1)


def test_whoever_comes_after_long_sees_what_is_there_now(sqlite_store, monkeypatch):
    for name in ("FRESH", "OLD", "SHARE"):
        monkeypatch.setattr(snapshot, name, 0)
    monkeypatch.setattr(snapshot, "WAIT", 60.0)
    watched = Watched("Default")
    assert watched.latest().runs.empty
    MlflowClient().create_run("0")
    assert len(watched.latest().runs) == 1


def test_store_that_goes_away_leaves_what_was_read_and_says_so(sqlite_store, monkeypatch):
    monkeypatch.setattr(snapshot, "PAUSE", 0.0)
    monkeypatch.setattr(snapshot, "FRESH", 0.0)
    MlflowClient().create_run("0")
    watched = Watched("Default")
    assert watched.latest().fault == ""

    def gone(experiment):
        raise TrackingError("the server does not answer")

    monkeypatch.setattr(snapshot, "SHARE", 0)
    watched.read()
    monkeypatch.setattr(snapshot, "read_runs", gone)
    wait_until(lambda: watched.latest().fault == "the server does not answer")
    assert len(watched.latest().runs) == 1


def test_experiment_that_is_not_there_is_refused(sqlite_store):
    with pytest.raises(TrackingError, match="there is no experiment 'nowhere'"):
        Watched("nowhere").latest()
