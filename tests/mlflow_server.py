"""Real MLflow stores for tests: an empty sqlite store for each test, and one server for all."""

import os
import shutil
import socket
import sqlite3
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.preloaded import fork, run_module

LEAN = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}


def free_port() -> int:
    """A TCP port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(folder: Path, port: int) -> Iterator[str]:
    """Address of a server that keeps its store and artifacts in ``folder``; ended on leaving."""
    address = f"http://127.0.0.1:{port}"
    words = ["server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    words += ["--backend-store-uri", f"sqlite:///{folder}/server.db"]
    words += ["--artifacts-destination", str(folder / "artifacts")]
    clean = {name: text for name, text in os.environ.items() if not name.startswith("MLFLOW_")}
    server = fork(be_server, words, folder, environment=clean | LEAN)
    server.start()
    try:
        wait_for(server.is_alive, f"{address}/health", folder / "server.log")
        yield address
    finally:
        server.kill()
        server.join()


def be_server(words: list[str], folder: Path) -> None:
    """The life of ``mlflow server words…`` in a process, and of the one that it would start."""
    import mlflow.server
    import uvicorn

    def be_worker(command: list[str], extra_env: dict[str, str], **_: object) -> None:
        os.environ.update(extra_env)
        sys.argv = command[2:]
        uvicorn.main()

    mlflow.server._exec_cmd = be_worker
    log = os.open(folder / "server.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    run_module("mlflow", words, folder, [0, log, log])


def wait_for(alive: Callable[[], bool], url: str, log: Path, patience: float = 90) -> None:
    """Returns when ``url`` answers; raises with the server's log if it does not."""
    until = time.monotonic() + patience
    while time.monotonic() < until and alive():
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"mlflow server did not start:\n{log.read_text()}")


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with MLflow's tables, whose making takes a second: copied rather than made."""
    from mlflow import MlflowClient  # two seconds, which tests without a store need not pay

    path = tmp_path_factory.mktemp("empty") / "mlflow.db"
    MlflowClient(f"sqlite:///{path}").search_experiments()
    return path


def copy_database(source: Path, goal: Path, artifacts: str) -> None:
    """Copies an empty database, with the artifacts of its Default experiment elsewhere."""
    shutil.copy(source, goal)
    with closing(sqlite3.connect(goal)) as database, database:
        database.execute("UPDATE experiments SET artifact_location = ?", [f"{artifacts}/0"])


@pytest.fixture(scope="session")
def mlflow_server(empty_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a running `mlflow server` with proxied artifacts."""
    folder = tmp_path_factory.mktemp("mlflow_server")
    copy_database(empty_database, folder / "server.db", "mlflow-artifacts:")
    with serving(folder, free_port()) as address:
        yield address


@pytest.fixture(scope="session", autouse=True)
def no_spool_of_the_user(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever a test leaves to be sent is not left to the user."""
    os.environ["SEGLAB_SPOOL"] = str(tmp_path_factory.mktemp("spool"))


@pytest.fixture
def no_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty working folder and an environment that names no store, experiment or run."""
    monkeypatch.setenv("SEGLAB_SPOOL", str(tmp_path / "spool"))
    for name in ("TRACKING_URI", "RUN_ID", "EXPERIMENT_ID", "EXPERIMENT_NAME"):
        monkeypatch.delenv(f"MLFLOW_{name}", raising=False)
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def sqlite_store(
    no_run: None, empty_database: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> str:
    """An empty sqlite store, the one in MLFLOW_TRACKING_URI."""
    copy_database(empty_database, tmp_path / "mlflow.db", f"{tmp_path}/mlruns")
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    return uri


@pytest.fixture
def http_store(no_run: None, monkeypatch: pytest.MonkeyPatch, mlflow_server: str) -> str:
    """The server, in MLFLOW_TRACKING_URI."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", mlflow_server)
    return mlflow_server


@pytest.fixture(params=["sqlite_store", "http_store"])
def any_store(request: pytest.FixtureRequest) -> str:
    """Each kind of store in turn."""
    return str(request.getfixturevalue(request.param))
