"""The tracking server goes away between two trials, in a study that also has a dead one."""

import threading

import optuna
import pytest
from mlflow import MlflowClient
from optuna.trial import TrialState

from seglab.errors import TrackingError
from seglab.tracking.process import PROCESS
from seglab.tracking.run import start_run
from seglab.tuning import tracker
from seglab.tuning.ledger import ATTEMPTS
from seglab.tuning.study import RUN
from seglab.tuning.worker import open_study, work
from tests.mlflow_server import copy_database, free_port, serving
from tests.tuning.trivial import bowl, study_of


class Server:
    """A server of one's own, to stop and start."""

    def __init__(self, folder):
        self.folder, self.port, self.running = folder, free_port(), None

    def start(self):
        self.running = serving(self.folder, self.port)
        return self.running.__enter__()

    def stop(self):
        self.running.__exit__(None, None, None)


@pytest.fixture
def server(no_run, empty_database, monkeypatch, tmp_path):
    copy_database(empty_database, tmp_path / "server.db", "mlflow-artifacts:")
    server = Server(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.start())
    yield server
    server.stop()


def test_a_study_waits_for_it_and_goes_on(server, tmp_path, capfd):
    starting = threading.Timer(2.0, server.start)

    def ended():
        """After the first trial another one is found dead, and the server is away."""
        if len(opened.study.trials) == 1:
            attributes = {RUN: lost}
            opened.study.add_trial(
                optuna.create_trial(state=TrialState.FAIL, user_attrs=attributes)
            )
            server.stop()
            starting.start()

    with (
        open_study(study_of(tmp_path, trials=3), f"sqlite:///{tmp_path}/optuna.db") as opened,
        start_run("study", params={}) as parent,
    ):
        tags = {"mlflow.parentRunId": parent.id, PROCESS: "elsewhere 0123abcd boot 7 8"}
        lost = MlflowClient().create_run("0", tags=tags).info.run_id
        work(opened, parent.id, bowl, ended)
    starting.join()
    trials = opened.study.trials
    assert [trial.state.name for trial in trials] == ["COMPLETE", "FAIL", "COMPLETE", "COMPLETE"]
    assert [trial.user_attrs.get(ATTEMPTS, 0) for trial in trials] == [0, 0, 1, 0]
    assert trials[2].user_attrs[RUN] == lost
    runs = MlflowClient().search_runs(["0"], f"tags.mlflow.parentRunId = '{parent.id}'")
    assert [run.info.status for run in runs] == ["FINISHED"] * 3
    assert capfd.readouterr().err.count("does not answer; the study waits for it") == 1


def test_a_server_that_stays_away_ends_the_study(no_run, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setattr(tracker, "OUTAGE", 0.5)
    with pytest.raises(TrackingError, match=r"has not answered .* run the same command again"):
        tracker.await_server()
