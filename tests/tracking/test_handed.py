"""Runs that ``mlflow run`` made, whose jobs refuse, or are stopped, before they open them."""

import getpass
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from mlflow import MlflowClient
from mlflow.utils.mlflow_tags import MLFLOW_SOURCE_TYPE, MLFLOW_USER

from entry_points._cli import main
from seglab.data.config import DatasetConfig
from seglab.tracking.handed import taken
from seglab.tracking.lifecycle import ERROR
from seglab.tracking.run import start_run
from seglab.tracking.sync import sync
from tests.children import die, in_child
from tests.outages import Proxy


def made_by_mlflow_run() -> str:
    """A run as ``mlflow run`` leaves it to its child."""
    tags = {MLFLOW_SOURCE_TYPE: "PROJECT", MLFLOW_USER: getpass.getuser()}
    return str(MlflowClient().create_run("0", tags=tags).info.run_id)


def end_of(run_id: str) -> tuple[str, str | None]:
    """Status and error of a run in the store."""
    run = MlflowClient().get_run(run_id)
    return run.info.status, run.data.tags.get(ERROR)


@pytest.mark.parametrize(
    ("flags", "code", "reason"),
    [
        (["--dataset=coco", "--epochs=0"], 2, "Unrecognized options: --epochs=0"),
        (["--dataset=koko"], 2, "invalid choice 'koko' for argument '--dataset'. Expected one of"),
        (["--data_dir=no"], 1, "no/sample/manifest.json does not exist; run `mlflow run . "),
    ],
)
def test_what_is_refused_is_told_in_the_run(
    sqlite_store: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    flags: list[str],
    code: int,
    reason: str,
) -> None:
    run_id = made_by_mlflow_run()
    monkeypatch.setenv("MLFLOW_RUN_ID", run_id)
    monkeypatch.setattr(sys, "argv", ["characteristics", *flags])
    job = "seglab.jobs.characteristics:characteristics"
    assert in_child(lambda: main(DatasetConfig, job)) == code
    status, error = end_of(run_id)
    assert status == "FAILED"
    assert reason in str(error)
    # The terminal has it, too.
    assert reason in " ".join(capfd.readouterr().err.replace("│", " ").split())


@pytest.mark.parametrize(
    ("stop", "code", "error"),
    [
        (lambda: os.kill(os.getpid(), signal.SIGTERM), 143, "terminated (SIGTERM)"),
        (die, -signal.SIGKILL, "its process died"),
    ],
)
def test_a_job_that_is_stopped_before_it_opens_its_run(
    sqlite_store: str,
    monkeypatch: pytest.MonkeyPatch,
    stop: Callable[[], object],
    code: int,
    error: str,
) -> None:
    run_id = made_by_mlflow_run()
    monkeypatch.setenv("MLFLOW_RUN_ID", run_id)

    def job() -> None:
        with taken(run_id):
            stop()
            signal.pause()

    assert in_child(job) == code
    if code < 0:
        assert end_of(run_id)[0] == "RUNNING"
        sync()
    assert end_of(run_id) == ("KILLED", error)


def test_a_run_that_its_job_has_opened_is_left_to_it(
    sqlite_store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = made_by_mlflow_run()
    monkeypatch.setenv("MLFLOW_RUN_ID", run_id)
    with pytest.raises(ValueError, match="after it"), taken(run_id):
        with start_run("r", params={}) as run:
            assert run.id == run_id
        raise ValueError("after it")
    assert end_of(run_id) == ("FINISHED", None)


def test_runs_that_no_job_opened_are_closed_and_no_others(
    sqlite_store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, held, other = made_by_mlflow_run(), made_by_mlflow_run(), ""
    other = str(MlflowClient().create_run("0").info.run_id)  # of somebody's script
    sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
    # `mlflow run` says by its child which run is its own, and before it has one, nothing.
    parent = subprocess.Popen([*sleep, "mlflow", "run"])
    try:
        sync()
        assert end_of(gone)[0] == end_of(held)[0] == "RUNNING"
    finally:
        parent.kill()
        parent.wait()
    child = subprocess.Popen(sleep, env=os.environ | {"MLFLOW_RUN_ID": held})
    try:
        until = time.monotonic() + 60  # for the `mlflow run` of another test to have its child
        while end_of(gone)[0] == "RUNNING" and time.monotonic() < until:
            sync()
        assert end_of(gone) == ("KILLED", "`mlflow run` ended before a job opened it")
        assert [end_of(run) for run in (held, other)] == [("RUNNING", None)] * 2
    finally:
        child.kill()
        child.wait()
    # Had it been made on a machine whose processes nobody here sees, its job would go on with it.
    monkeypatch.setenv("MLFLOW_RUN_ID", gone)
    with start_run("r", params={}):
        assert end_of(gone) == ("RUNNING", None)
    assert end_of(gone) == ("FINISHED", None)


def test_of_a_server_they_are_told_to_their_user(
    http_store: str, capfd: pytest.CaptureFixture[str]
) -> None:
    run_id = made_by_mlflow_run()
    stranger = made_by_mlflow_run()
    MlflowClient().set_tag(stranger, MLFLOW_USER, "somebody else")
    sync()
    said = capfd.readouterr().out
    assert f"run {run_id}: `mlflow run` made it (" in said
    assert f"mlflow runs delete --run-id {run_id}" in said
    assert stranger not in said
    assert [end_of(run) for run in (run_id, stranger)] == [("RUNNING", None)] * 2
    for run in (run_id, stranger):
        MlflowClient().set_terminated(run)


def test_what_mlflow_run_does_without_its_server_is_told(
    impatient: None,
    proxy: Proxy,
    client: MlflowClient,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    run_id = made_by_mlflow_run()
    monkeypatch.setenv("MLFLOW_RUN_ID", run_id)

    def job() -> None:
        with taken(run_id), start_run("r", params={}):
            proxy.down()

    assert in_child(job) == 0
    said = capfd.readouterr().err
    assert "waiting, `python -m seglab sync` delivers" in said
    assert "with a traceback and exit code 1, by which nothing is lost" in said
    proxy.up()
    sync()
    assert client.get_run(run_id).info.status == "FINISHED"
