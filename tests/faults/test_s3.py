"""S3 goes down, is slow, denies or cuts what it sends: of a data set, and of artifacts.

Wrong keys, no bucket and an endpoint nobody answers at: tests/data/test_remote.py.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from mlflow import MlflowClient
from mlflow.store.artifact import s3_artifact_repo

from seglab.data import s3 as client_of_s3
from seglab.data.remote import local_copy
from seglab.errors import DataError
from tests.outages import Proxy
from tests.s3 import S3

CONTENT = os.urandom(300_000)


class Cutting(Proxy):
    """Breaks off the first large answers in the middle."""

    cuts = 0
    """Answers that are still to be cut."""

    def _answer(self, server: socket.socket, client: socket.socket, asked: list[bytes]) -> None:
        passed = 0
        with suppress(OSError):
            while data := server.recv(1 << 14):
                passed += len(data)
                if self.cuts and passed > 100_000:
                    self.cuts -= 1
                    break
                client.sendall(data)
        for end in (client, server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@pytest.fixture
def source(s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cutting]:
    """The server behind a proxy, with s3://faults/d in it."""
    folder = tmp_path / "origin"
    folder.mkdir()
    (folder / "a.bin").write_bytes(CONTENT)
    (folder / "b.bin").write_bytes(b"b")
    s3.upload(folder, "faults", "d")
    proxy = Cutting(s3.endpoint)
    monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.address)
    quick = Config(connect_timeout=1, read_timeout=1, retries={"total_max_attempts": 2})
    monkeypatch.setattr(client_of_s3, "CLIENT", quick)
    yield proxy
    proxy.stop()


def test_an_object_that_is_cut_is_fetched_again(source: Cutting, tmp_path: Path) -> None:
    source.cuts = 2
    folder = local_copy("s3://faults/d", tmp_path / "into")
    assert source.cuts == 0
    assert (folder / "a.bin").read_bytes() == CONTENT


def test_an_object_that_is_always_cut_is_told_and_never_there_by_half(
    source: Cutting, tmp_path: Path
) -> None:
    source.cuts = 1000
    with pytest.raises(DataError, match=r"^s3://faults/d (cannot be read|arrived damaged)"):
        local_copy("s3://faults/d", tmp_path / "into")
    found = {path.name for path in (tmp_path / "into").rglob("*") if path.is_file()}
    assert found <= {"b.bin"}
    source.cuts = 0
    folder = local_copy("s3://faults/d", tmp_path / "into")
    assert (folder / "a.bin").read_bytes() == CONTENT


def test_a_slow_server_is_waited_for_and_a_silent_one_is_told(
    source: Cutting, tmp_path: Path
) -> None:
    source.delay = 0.3
    folder = local_copy("s3://faults/d", tmp_path / "into")
    assert (folder / "a.bin").read_bytes() == CONTENT
    source.delay = 5.0
    with pytest.raises(DataError, match=r"s3://faults/d cannot be read: .* cannot be reached"):
        local_copy("s3://faults/d", tmp_path / "other")


def test_a_server_that_goes_down_is_told_and_what_has_arrived_is_kept(
    source: Cutting, tmp_path: Path
) -> None:
    folder = local_copy("s3://faults/d", tmp_path / "into")
    (folder / "b.bin").unlink()
    source.down()
    with pytest.raises(DataError, match=r"s3://faults/d cannot be read: .* cannot be reached"):
        local_copy("s3://faults/d", tmp_path / "into")
    assert (folder / "a.bin").read_bytes() == CONTENT
    source.up()
    before = (folder / "a.bin").stat().st_ino
    local_copy("s3://faults/d", tmp_path / "into")
    assert (folder / "b.bin").read_bytes() == b"b"
    assert (folder / "a.bin").stat().st_ino == before


def use_secret(secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another key from here on, as in another process: boto3 and MLflow remember the first."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    s3_artifact_repo._cached_get_s3_client.cache_clear()


@pytest.mark.parametrize("fault", ["down", "denied"])
def test_artifacts_wait_until_their_store_takes_them(
    sqlite_store: str,
    source: Cutting,
    tmp_path: Path,
    fault: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    from seglab.tracking import sender
    from seglab.tracking.run import start_run
    from seglab.tracking.sync import sync
    from tests.tracking.everything import files, history

    monkeypatch.setattr(sender, "GATHER", 0.05)
    monkeypatch.setattr(sender, "PATIENCE", 1.0)
    monkeypatch.setenv("MLFLOW_S3_ENDPOINT_URL", source.address)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    client = MlflowClient()
    experiment = client.create_experiment("in S3", f"s3://faults/{fault}")
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", experiment)
    secret = os.environ["AWS_SECRET_ACCESS_KEY"]
    if fault == "down":
        source.down()
    else:
        use_secret("wrong", monkeypatch)
    (tmp_path / "table.csv").write_text("a,b\n")
    with start_run("r", params={}) as run:
        run.artifact(tmp_path / "table.csv", "tables")
        run.metrics({"loss": 0.5}, step=1)
    said = capfd.readouterr().err
    assert "values waiting, `python -m seglab sync` delivers them" in said
    why = {"down": f"{source.address} cannot be reached", "denied": "correct AWS_ACCESS_KEY_ID"}
    assert why[fault] in said.partition("why: ")[2]
    source.up()
    use_secret(secret, monkeypatch)
    sync()
    assert client.get_run(run.id).info.status == "FINISHED"
    assert history(client, run.id, "loss") == [(1, 0.5)]
    assert "tables/table.csv" in files(client, run.id)
