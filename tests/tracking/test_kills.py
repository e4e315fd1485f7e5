"""Jobs and servers that are killed, at the worst moments."""

import os
import signal
from pathlib import Path

import psutil
import pytest
from mlflow import MlflowClient

from seglab.errors import TrackingError
from seglab.tracking import sender
from seglab.tracking.run import start_run
from seglab.tracking.signals import Terminated
from seglab.tracking.spool import Session, session_folders
from seglab.tracking.store import connect
from seglab.tracking.sync import sync
from seglab.tracking.writer import OPEN, settle_open
from tests.children import die, in_child
from tests.mlflow_server import copy_database, free_port, serving
from tests.outages import Proxy
from tests.tracking.everything import history, log_everything, stored

pytestmark = pytest.mark.usefixtures("quick")


@pytest.mark.parametrize("way", ["sync", "resume"])
def test_killed_in_an_outage_nothing_is_lost(proxy: Proxy, client: MlflowClient, way: str) -> None:
    def train() -> None:
        with start_run("r", params={"epochs": 4}) as run:
            run.metrics({"loss": 0.9}, step=1)
            proxy.down()
            run.metrics({"loss": 0.8}, step=2)
            run.metrics({"loss": 0.7}, step=3)
            die()

    assert in_child(train) == -signal.SIGKILL
    (folder,) = session_folders()
    run_id = folder.parent.name
    proxy.up()
    if way == "sync":
        sync()
        run = client.get_run(run_id)
        assert run.info.status == "KILLED"
        assert run.data.tags["seglab.error"] == "its process died"
    else:
        with start_run("r", params={"epochs": 4}, resume=run_id) as again:
            proxy.down()
            again.history([(step, {"loss": 5.0}) for step in (1, 2, 3)])
            again.metrics({"loss": 0.6}, step=4)
            proxy.up()
        assert client.get_run(run_id).info.status == "FINISHED"
    expected = [(1, 0.9), (2, 0.8), (3, 0.7), (4, 0.6)]
    assert history(client, run_id, "loss") == expected[: 3 if way == "sync" else 4]
    assert session_folders() == []


def test_killed_before_an_answer_is_noted_nothing_is_there_twice(
    proxy: Proxy,
    client: MlflowClient,
    undisturbed: dict[str, object],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    acknowledge = Session.acknowledge

    def train() -> None:
        with start_run("r", params={"epochs": 4}) as run:
            proxy.down()
            log_everything(run, tmp_path)
            proxy.up()

    def killed_in_sync(self: Session, position: int, payloads: list[str]) -> None:
        if self.sent > start:
            die()
        acknowledge(self, position, payloads)

    connect()  # the server was there when the job began: no child needs to ask again
    monkeypatch.setattr(Session, "acknowledge", lambda *_: die())
    assert in_child(train) == -signal.SIGKILL
    (folder,) = session_folders()
    # Each attempt notes one answer more and dies over the next, after all kinds of records.
    monkeypatch.setattr(Session, "acknowledge", killed_in_sync)
    deaths = 0
    start = -1
    while True:
        cursor = folder / "cursor"
        start = int(cursor.read_text()) if cursor.exists() else 0
        code = in_child(sync)
        if code == 0:
            break
        assert code == -signal.SIGKILL
        deaths += 1
    assert deaths > 5
    found = stored(client, folder.parent.name)
    assert found["status"] == "KILLED"
    for part in undisturbed.keys() - {"status", "error"}:
        assert found[part] == undisturbed[part], part


@pytest.mark.parametrize(
    ("number", "stop"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Terminated)]
)
def test_a_stop_while_the_end_is_delivered_stops_the_job(
    proxy: Proxy,
    client: MlflowClient,
    monkeypatch: pytest.MonkeyPatch,
    number: signal.Signals,
    stop: type[BaseException],
) -> None:
    """It comes when the job, which waits for the server, asks whether that is alive."""

    def answers(uri: str) -> bool:
        if not OPEN:  # the end is noted
            signal.raise_signal(number)
        return True

    monkeypatch.setattr(sender, "answers", answers)
    monkeypatch.setattr(sender, "PATIENCE", 0.1)
    with pytest.raises(stop), start_run("r", params={}) as run:
        proxy.delay = 1.0
        run.metrics({"loss": 0.5}, 1)
    proxy.delay = 0.0
    sync()
    assert client.get_run(run.id).info.status == "FINISHED"


def test_a_stop_in_an_outage_is_prompt_and_told_later(
    proxy: Proxy, client: MlflowClient, mlflow_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def train() -> None:
        with start_run("r", params={}) as run:
            proxy.down()
            run.metrics({"loss": 0.9}, step=1)
            os.kill(os.getpid(), signal.SIGTERM)
            signal.pause()

    assert in_child(train) == 143
    (folder,) = session_folders()
    # The same store by another address: what waits for the first still tells how the run ended.
    with monkeypatch.context() as patch, pytest.raises(TrackingError, match="does not answer"):
        patch.setenv("MLFLOW_TRACKING_URI", mlflow_server)
        sync()
    assert client.get_run(folder.parent.name).info.status == "RUNNING"
    proxy.up()
    sync()
    run = client.get_run(folder.parent.name)
    assert (run.info.status, run.data.metrics) == ("KILLED", {"loss": 0.9})
    assert run.data.tags["seglab.error"] == "terminated (SIGTERM)"


def test_a_server_that_is_killed_or_hangs_and_comes_back(
    no_run: None, empty_database: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    copy_database(empty_database, tmp_path / "server.db", "mlflow-artifacts:")
    port = free_port()
    first = serving(tmp_path, port)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", first.__enter__())
    with start_run("r", params={}) as run:
        run.metrics({"loss": 1.0}, step=1)
        first.__exit__(None, None, None)
        run.metrics({"loss": 2.0}, step=2)
        second = serving(tmp_path, port)
        client = MlflowClient(second.__enter__())
        run.metrics({"loss": 3.0}, step=3)
        settle_open()
        assert history(client, run.id, "loss") == [(1, 1.0), (2, 2.0), (3, 3.0)]
        (server,) = {
            found.pid
            for found in psutil.net_connections("tcp")
            if found.laddr.port == port and found.status == psutil.CONN_LISTEN
        }
        os.kill(server, signal.SIGSTOP)
        monkeypatch.setattr(sender, "PATIENCE", 1.0)
        run.metrics({"loss": 4.0}, step=4)
    os.kill(server, signal.SIGCONT)
    sync()
    assert history(client, run.id, "loss") == [(step, float(step)) for step in (1, 2, 3, 4)]
    assert client.get_run(run.id).info.status == "FINISHED"
    second.__exit__(None, None, None)
