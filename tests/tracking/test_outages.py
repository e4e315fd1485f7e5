"""The server goes away, loses answers, hangs or dies: nothing is lost, nothing is there twice."""

import math
import os
import re
from pathlib import Path

import numpy as np
import pytest
from mlflow import MlflowClient

from seglab.errors import TrackingError
from seglab.tracking import sender
from seglab.tracking.reader import download_model, run_info
from seglab.tracking.run import start_run
from seglab.tracking.spool import session_folders
from seglab.tracking.sync import sync
from tests.outages import Proxy
from tests.preloaded import Program
from tests.tracking.everything import (
    STEPS,
    history,
    log_everything,
    stored,
)

pytestmark = pytest.mark.usefixtures("quick")


def test_what_is_stored_of_everything(undisturbed: dict[str, object]) -> None:
    metrics = {
        "loss": [(step, 1 / step) for step in STEPS],
        "iou": [(step, step / 8) for step in STEPS],
    }
    assert undisturbed == {
        "status": "FINISHED",
        "error": None,
        "metrics": metrics,
        "params": {"epochs": "4", "width": "8"},
        "note": "last",
        "images": "True",
        "data": ["0123456789abcdef"],
        "outputs": [4],
        "models": [("model", "READY", 2, {"epochs": "4", "width": "8"})],
        "files": ["images/val~a", "images/val~a", "report/sub/table.csv", "tables/table.csv"],
    }


def test_an_outage_in_between_changes_nothing(
    proxy: Proxy, client: MlflowClient, undisturbed: dict[str, object], tmp_path: Path
) -> None:
    with start_run("r", params={"epochs": 4}) as run:
        proxy.down()
        log_everything(run, tmp_path)
        assert client.get_run(run.id).data.metrics == {}
        proxy.up()
    assert stored(client, run.id) == undisturbed
    assert session_folders() == []


def test_lost_answers_change_nothing(
    proxy: Proxy,
    client: MlflowClient,
    undisturbed: dict[str, object],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with start_run("r", params={"epochs": 4}) as run:
        proxy.loses_first = True
        log_everything(run, tmp_path)
    assert proxy.lost > 15
    assert stored(client, run.id) == undisturbed


def test_a_server_gone_at_the_end_gets_all_from_another_process(
    impatient: None,
    proxy: Proxy,
    client: MlflowClient,
    undisturbed: dict[str, object],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    with start_run("r", params={"epochs": 4}) as run:
        proxy.down()
        log_everything(run, tmp_path)
    said = capfd.readouterr().err
    assert f"run {run.id}: " in said
    assert " values waiting, `python -m seglab sync` delivers them" in said
    assert client.get_run(run.id).info.status == "RUNNING"
    with pytest.raises(TrackingError, match=r"sync could not do everything:\n.*`make serve`\)\nW"):
        sync()
    proxy.up()
    # As by somebody who saw a dead process, but not what it had still to deliver.
    client.set_tag(run.id, "seglab.error", "its process died")
    process = Program("seglab", ["sync"], tmp_path, os.environ)
    output, errors = process.communicate()
    assert (process.returncode, errors) == (0, "")
    assert re.search(rf"run {run.id}: \d+ values delivered", output)
    assert stored(client, run.id) == undisturbed
    capfd.readouterr()
    sync()
    assert capfd.readouterr().out == ""


def test_a_slow_server_holds_up_nothing(proxy: Proxy, client: MlflowClient) -> None:
    picture = np.zeros((64, 64, 3), np.uint8)
    with start_run("r", params={}) as run:
        proxy.delay = 1.0
        before = proxy.answers
        for step in range(300):
            run.metrics({"loss": float(step), "iou": math.nan}, step)
        run.image("val/a", picture, step=300)
        # As quick as without a server, or some of the 300 steps would have been answered.
        assert proxy.answers - before < 10
        proxy.delay = 0.0
    assert [step for step, _ in history(client, run.id, "loss")] == list(range(300))
    assert len(history(client, run.id, "iou")) == 300


def test_what_is_read_back_in_the_same_job_is_there(
    proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with start_run("r", params={"epochs": 4}) as run:
        log_everything(run, tmp_path)
        assert run_info(run.id).metrics["loss"] == 1 / 4
        run.metrics({"loss": 0.125}, step=9)
        assert run_info(run.id).metrics["loss"] == 0.125
        got = download_model(f"runs:/{run.id}/model", tmp_path / "got")
        assert got.checkpoint.read_text() == "a,b\n"
        run.metrics({"loss": 0.0625}, step=10)
        proxy.down()
        monkeypatch.setattr(sender, "PATIENCE", 1.0)
        with pytest.raises(TrackingError, match="cannot be read back: 1 value still to be sent"):
            run_info(run.id)
        proxy.up()
        monkeypatch.setattr(sender, "PATIENCE", 60.0)


def test_what_the_store_refuses_fails_the_job(proxy: Proxy, client: MlflowClient) -> None:
    with (
        pytest.raises(TrackingError, match=r"Invalid.*iou\[1\]"),
        start_run("r", params={}) as run,
    ):
        run.metrics({"loss": 0.5}, step=1)
        run.metrics({"iou[1]": 0.5}, step=1)
        run.metrics({"loss": 0.4}, step=2)
    stored_run = client.get_run(run.id)
    assert stored_run.info.status == "FAILED"
    assert "iou[1]" in stored_run.data.tags["seglab.error"]
    assert history(client, run.id, "loss") == [(1, 0.5), (2, 0.4)]
    with pytest.raises(TrackingError, match=r"the store refused records, which are kept"):
        sync()
