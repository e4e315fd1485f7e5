"""Fixtures of the tests of outages."""

from collections.abc import Iterator

import pytest
from mlflow import MlflowClient

from seglab.tracking import sender
from seglab.tracking.run import start_run
from tests.tracking.everything import log_everything, stored


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing gathers for a second before it is sent, or sent again."""
    monkeypatch.setattr(sender, "GATHER", 0.05)
    monkeypatch.setattr(sender, "SHORTEST_PAUSE", 0.05)
    monkeypatch.setattr(sender, "PATIENCE", 60.0)


@pytest.fixture
def impatient(quick: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits ten seconds for a server that is known to be away."""
    monkeypatch.setattr(sender, "PATIENCE", 1.0)


@pytest.fixture
def client(mlflow_server: str) -> MlflowClient:
    """A way to the server that no outage touches."""
    return MlflowClient(mlflow_server)


@pytest.fixture(scope="module")
def undisturbed(
    mlflow_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, object]]:
    """What the store has of a run with one of everything."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("undisturbed")
        patch.setenv("MLFLOW_TRACKING_URI", mlflow_server)
        patch.setenv("SEGLAB_SPOOL", str(folder / "spool"))
        with start_run("r", params={"epochs": 4}) as run:
            log_everything(run, folder)
        yield stored(MlflowClient(mlflow_server), run.id)
