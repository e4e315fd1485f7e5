"""Stores that are fresh, gone, slow or broken."""

import re
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from mlflow import MlflowClient

from seglab.errors import TrackingError
from seglab.reasons import shown
from seglab.tracking.reader import run_info
from seglab.tracking.run import start_run
from seglab.tracking.store import connect, prepare_store, told, ui_hint
from tests.mlflow_server import free_port


def test_six_processes_start_on_a_fresh_store_at_once(no_run: None, tmp_path: Path) -> None:
    # Forked after the import, so that they meet at the database rather than one by one.
    script = """
        import multiprocessing
        import sys
        from seglab.tracking.store import prepare_store

        def work(gate):
            gate.wait()
            prepare_store()

        fork = multiprocessing.get_context("fork")
        gate = fork.Barrier(6)
        workers = [fork.Process(target=work, args=[gate]) for _ in range(6)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        sys.exit(any(worker.exitcode for worker in workers))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        env={"PYTHONPATH": str(Path(__file__).parents[2] / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    # Without MLFLOW_TRACKING_URI the store is mlflow.db in the working folder.
    assert MlflowClient(f"sqlite:///{tmp_path}/mlflow.db").get_experiment("0").name == "Default"


def test_a_server_that_is_down_is_named_at_once(
    no_run: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"http://user:secret@127.0.0.1:{free_port()}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    started = time.monotonic()
    with pytest.raises(TrackingError) as caught:
        prepare_store()
    assert time.monotonic() - started < 5
    text = str(caught.value)
    assert shown(address) in text
    assert "secret" not in text
    assert "make serve" in text
    assert "unset" in text


@pytest.mark.parametrize("said", ["", "0"])
def test_logging_without_it_is_proposed_where_nothing_else_was_said(
    no_run: None, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{free_port()}")
    if said:
        monkeypatch.setenv("SEGLAB_OFFLINE", said)
    with pytest.raises(TrackingError) as caught, start_run("r", params={}):
        pass
    assert ("add --offline" in str(caught.value)) == (not said)
    with pytest.raises(TrackingError) as caught:
        run_info("0123")  # there is no reading without it
    assert "--offline" not in str(caught.value)


def test_a_server_that_hangs_is_named_within_five_seconds(
    no_run: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{silent.getsockname()[1]}")
        started = time.monotonic()
        with pytest.raises(TrackingError, match="does not answer"):
            prepare_store()
    assert time.monotonic() - started < 5


def test_a_running_server_is_accepted(http_store: str) -> None:
    assert prepare_store() == http_store


def test_a_folder_that_is_not_there_is_named(
    no_run: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/gone/mlflow.db")
    with pytest.raises(TrackingError, match=r"gone/mlflow\.db does not exist; make it"):
        prepare_store()


def test_an_address_without_http_is_told(no_run: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "127.0.0.1:5417")
    with pytest.raises(TrackingError, match=r"write http://127\.0\.0\.1:5417"):
        prepare_store()


def test_an_experiment_that_a_server_made_needs_the_server(
    sqlite_store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    MlflowClient().create_experiment("served", artifact_location="mlflow-artifacts:/1")
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "served")
    with (
        pytest.raises(TrackingError, match=r"made by a server.*`make serve`"),
        start_run("r", params={}),
    ):
        pass


@pytest.mark.parametrize("uri", ["file:///tmp/mlruns", "gopher://there"])
def test_a_store_mlflow_does_not_take_is_named(
    no_run: None, monkeypatch: pytest.MonkeyPatch, uri: str
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    with pytest.raises(TrackingError, match=f"opening failed in the store {uri}"):
        connect()


def test_a_file_that_is_no_database_is_named(
    no_run: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "mlflow.db").write_text("no database" * 100)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    with pytest.raises(TrackingError, match=r"opening failed in the store sqlite:.*not a database"):
        prepare_store()


def test_the_hint_opens_the_training_view(sqlite_store: str) -> None:
    page = "#/experiments/3/runs?workflowType=machine_learning"
    assert ui_hint("3") == (
        f"python -m entry_points.server --store {sqlite_store}   then open "
        f"http://127.0.0.1:5000/{page}"
    )


def test_the_hint_is_a_link_where_a_server_runs(
    no_run: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://me:secret@mlflow.example/")
    assert ui_hint() == (
        "https://***@mlflow.example/#/experiments/0/runs?workflowType=machine_learning"
    )


def test_a_fault_of_the_store_is_told_in_one_line(sqlite_store: str) -> None:
    with (
        pytest.raises(
            TrackingError, match=re.escape(f"looking failed in the store {sqlite_store}")
        ),
        told("looking"),
    ):
        raise OSError("disk gone\ndetails")
