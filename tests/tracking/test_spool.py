"""What is on the disk between logging and delivery, and what is made of it."""

import os
import resource
import signal
import time
from pathlib import Path

import numpy as np
import pytest
from mlflow import MlflowClient

from seglab.errors import TrackingError
from seglab.tracking.process import PROCESS, identity, is_dead
from seglab.tracking.run import open_run, start_run
from seglab.tracking.spool import Session, known_as, session_folders
from seglab.tracking.sync import deliver_run, sync
from seglab.tracking.writer import settle_open
from tests.children import die, in_child
from tests.tracking.everything import STEPS, history, log_everything, stored


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """The store is there, but nobody looks."""
    monkeypatch.setenv("SEGLAB_OFFLINE", "1")


def test_a_run_started_offline_is_made_later(
    sqlite_store: str, offline: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "at sea")
    with start_run("UNet RGB", params={"epochs": 4}) as run:
        log_everything(run, tmp_path)
    before = time.time_ns() // 1_000_000
    # What is logged is as it was then, whatever becomes of the files and the environment.
    (tmp_path / "report" / "sub" / "table.csv").write_text("changed")
    monkeypatch.delenv("MLFLOW_EXPERIMENT_NAME")
    client = MlflowClient()
    assert client.search_runs(["0"]) == []
    monkeypatch.delenv("SEGLAB_OFFLINE")
    sync()
    experiment = client.get_experiment_by_name("at sea")
    (made,) = client.search_runs([experiment.experiment_id])
    run_id = made.info.run_id
    assert run_id != run.id
    assert (made.info.run_name, made.data.tags["seglab.offline_id"]) == ("UNet RGB", run.id)
    assert made.info.end_time <= before
    found = stored(client, run_id)
    assert found["status"] == "FINISHED"
    assert history(client, run_id, "loss") == [(step, 1 / step) for step in STEPS]
    got = client.download_artifacts(run_id, "tables/table.csv", str(tmp_path))
    assert Path(got).read_text() == "a,b\n"
    # Checkpoints lie under the first id, by which both ids are known from here on.
    assert known_as(run_id) == known_as(run.id) == run.id
    for given in (run.id, run_id):
        with open_run(given) as again:
            assert again.id == run.id
            again.tags({"seglab.seen": given})
        assert client.get_run(run_id).data.tags["seglab.seen"] == given
    assert len(client.search_runs([experiment.experiment_id])) == 1


def test_offline_killed_and_resumed_offline(
    sqlite_store: str, offline: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def train() -> None:
        with start_run("r", params={"epochs": 3}) as run:
            run.metrics({"loss": 0.9}, step=1)
            die()

    assert in_child(train) == -signal.SIGKILL
    run_id = session_folders()[0].parent.name
    with start_run("r", params={"epochs": 3}, resume=run_id) as again:
        assert again.id == run_id
        again.history([(1, {"loss": 5.0}), (2, {"loss": 0.8})])
        again.metrics({"loss": 0.7}, step=3)
    monkeypatch.delenv("SEGLAB_OFFLINE")
    sync()
    (made,) = MlflowClient().search_runs(["0"])
    assert (made.info.status, made.data.params) == ("FINISHED", {"epochs": "3"})
    assert history(MlflowClient(), made.info.run_id, "loss") == [(1, 0.9), (2, 0.8), (3, 0.7)]
    with start_run("r", params={}, resume=made.info.run_id) as third:
        assert third.id == run_id


def test_reading_back_offline_says_what_to_do(sqlite_store: str, offline: None) -> None:
    from seglab.tracking.reader import run_info

    with (
        pytest.raises(TrackingError, match=r"\(offline\).*python -m seglab sync"),
        start_run("r", params={}) as run,
    ):
        run_info(run.id)


def test_half_a_record_is_dropped_and_a_damaged_one_left_out(
    sqlite_store: str, offline: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def train() -> None:
        with start_run("r", params={}) as run:
            for step in range(4):
                run.metrics({"loss": float(step)}, step)
            die()

    in_child(train)
    (folder,) = session_folders()
    journal = folder / "journal.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    lines[-3] = lines[-3].replace(b'"loss",1.0', b'"loss",7.0')
    journal.write_bytes(b"".join(lines)[:-9])
    monkeypatch.delenv("SEGLAB_OFFLINE")
    sync()
    (made,) = MlflowClient().search_runs(["0"])
    assert history(MlflowClient(), made.info.run_id, "loss") == [(0, 0.0), (2, 2.0)]
    assert made.info.status == "KILLED"


def test_a_full_disk_is_told_and_the_run_fails(sqlite_store: str) -> None:
    def train() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        with start_run("r", params={}) as run:
            Path("run").write_text(run.id)
            resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, resource.RLIM_INFINITY))
            try:
                run.image("val/a", np.zeros((256, 256, 3), np.uint8), step=1)
            except TrackingError as fault:
                Path("said").write_text(str(fault))
                raise SystemExit(3) from fault
            finally:
                resource.setrlimit(
                    resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
                )

    assert in_child(train) == 3
    said = Path("said").read_text()
    assert "cannot be written (" in said
    assert "SEGLAB_SPOOL" in said
    assert MlflowClient().get_run(Path("run").read_text()).info.status == "FAILED"


def test_a_session_belongs_to_its_process_but_not_to_that_process_forks(no_run: None) -> None:
    def log() -> None:
        session = Session.create("a" * 32, "", "sqlite:///x.db", owns=True)
        assert Session.claim(session.folder) is None
        if os.fork() == 0:
            time.sleep(5)
            os._exit(0)
        die()

    assert in_child(log) == -signal.SIGKILL
    (folder,) = session_folders()
    claimed = Session.claim(folder)
    assert claimed is not None
    claimed.close()


def test_runs_of_dead_processes_are_closed_and_no_others(sqlite_store: str) -> None:
    client = MlflowClient()
    child = os.fork()
    if child == 0:
        signal.pause()
    dead = identity(child)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    elsewhere = "elsewhere " + dead.split(" ", 1)[1]
    rebooted = identity().split()
    rebooted[2] = "another-boot"
    tags = [dead, identity(), elsewhere, "", " ".join(rebooted)]
    runs = [client.create_run("0", tags={PROCESS: tag}).info.run_id for tag in tags]
    sync()
    assert [client.get_run(run).info.status for run in runs] == [
        "KILLED",
        "RUNNING",
        "RUNNING",
        "RUNNING",
        "KILLED",
    ]
    assert client.get_run(runs[0]).data.tags["seglab.error"] == "its process died"
    assert not is_dead(identity())


def test_a_living_process_is_left_alone(
    sqlite_store: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with start_run("r", params={}) as run:
        sync()
        assert MlflowClient().get_run(run.id).info.status == "RUNNING"
    assert "left alone" in capfd.readouterr().out
    assert MlflowClient().get_run(run.id).info.status == "FINISHED"


def test_a_session_that_ends_while_it_is_looked_for_is_passed_over(
    sqlite_store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its process removes it between the moment it is found and that in which it is read."""
    with start_run("r", params={}) as run:
        found = session_folders(run.id)
    assert len(found) == 1
    monkeypatch.setattr("seglab.tracking.sync.session_folders", lambda run_id="*": found)
    deliver_run(MlflowClient(), run.id)
    sync()
    assert MlflowClient().get_run(run.id).info.status == "FINISHED"


def test_what_another_process_went_on_with_keeps_its_status(sqlite_store: str) -> None:
    def train() -> None:
        with start_run("r", params={}) as run:
            Path("run").write_text(run.id)
            settle_open()
            run.metrics({"loss": 0.5}, step=1)
            die()

    in_child(train)
    run_id = Path("run").read_text()
    client = MlflowClient()
    # As after a resume on another machine, which cannot see this one's spool.
    client.set_tag(run_id, PROCESS, "another machine")
    client.set_terminated(run_id, "FINISHED")
    sync()
    assert client.get_run(run_id).info.status == "FINISHED"


def test_a_run_that_a_living_process_writes_is_not_taken_over(sqlite_store: str) -> None:
    with start_run("r", params={}) as run:
        pass
    client = MlflowClient()
    child = os.fork()
    if child == 0:
        signal.pause()
    client.set_tag(run.id, PROCESS, identity(child))
    client.update_run(run.id, status="RUNNING")
    try:
        with (
            pytest.raises(TrackingError, match=f"process {child} of this machine is at work on"),
            start_run("r", params={}, resume=run.id),
        ):
            pass
        assert client.get_run(run.id).data.tags[PROCESS] == identity(child)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    with start_run("r", params={}, resume=run.id) as again:
        assert again.id == run.id
