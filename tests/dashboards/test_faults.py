"""What a new user meets: a sentence that says what to run, and never a traceback."""

import shutil
import time

import pytest
import streamlit as st
from mlflow import MlflowClient

from seglab.results.live import live
from seglab.tracking import snapshot
from seglab.training.config import TrainConfig
from tests.mlflow_server import free_port

PAGES = ("results", "curves", "pictures", "per_picture", "study", "run")
SAID = {
    "results": "-e evaluate -P run=",
    "curves": "logged no metric yet",
    "pictures": "-e evaluate -P run=",
    "per_picture": "-e evaluate -P run=",
    "study": "-e tune",
}
"""What each page says of an experiment whose one run was killed in its first epoch."""


def words(app):
    return " ".join(element.value for element in [*app.info, *app.warning])


def test_server_that_is_down(no_run, monkeypatch, toured):
    address = f"http://127.0.0.1:{free_port()}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    for _, app in toured(PAGES):
        assert f"{address} (MLFLOW_TRACKING_URI) does not answer" in words(app)
        assert "Start it (`make serve`)" in words(app)


def test_server_that_goes_away_leaves_what_was_read(
    proxy, mlflow_server, toured, monkeypatch, caplog
):
    for name in ("FRESH", "PAUSE", "SHARE"):
        monkeypatch.setattr(snapshot, name, 0)
    run = MlflowClient().create_run("0", run_name="before").info.run_id
    try:
        ((_, app),) = toured(["run"], run=run)
        proxy.down()
        st.cache_data.clear()  # as after the 20 s for which experiments are known
        until = time.monotonic() + 60
        while "These may be old" not in words(app) and time.monotonic() < until:
            app.run()
        (said,) = app.warning
        assert "nobody listens there" in said.value or "broke off" in said.value
        assert len(said.value.splitlines()) == 1
        assert app.header[0].value == "before"
        assert len([line for line in caplog.messages if line.startswith("seglab: ")]) == 1
        assert "Traceback" not in caplog.text
    finally:
        MlflowClient(mlflow_server).delete_run(run)


def test_experiment_without_a_run(sqlite_store, toured):
    for _, app in toured(PAGES):
        assert "has no run yet. `make demo`" in words(app)


def test_run_that_was_killed_before_it_logged_anything(sqlite_store, toured):
    client = MlflowClient()
    tags = {"seglab.experiment_title": "UNet RGB"}
    run = client.create_run("0", run_name="UNet RGB", tags=tags).info.run_id
    for name, value in vars(TrainConfig(inputs="rgb")).items():
        client.log_param(run, name, value)
    for page, app in toured(SAID):
        assert SAID[page] in words(app)


def test_run_without_params_tags_or_end(sqlite_store, toured):
    MlflowClient().create_run("0")
    assert len(list(toured(PAGES))) == len(PAGES)


@pytest.mark.parametrize("lost", ["probabilities", "per_image.parquet"])
def test_deleted_artifacts(store, opened, tmp_path, monkeypatch, lost):
    folder = store.folder / "mlruns" / "0"
    kept = tmp_path / "kept"
    shutil.copytree(folder, kept)
    try:
        for run in folder.iterdir():
            gone = run / "artifacts" / "evaluation" / lost
            shutil.rmtree(gone) if gone.is_dir() else gone.unlink()
        st.cache_resource.clear()  # a dashboard that was started before has copies
        said = words(opened("pictures"))
        assert "gone from MLflow" in said if lost.endswith("parquet") else "any more" in said
        if lost.endswith("parquet"):
            assert "-e evaluate -P run=<id>` makes them again" in words(opened("per_picture"))
    finally:
        shutil.rmtree(folder)
        shutil.copytree(kept, folder)


def test_photos_that_are_not_on_this_machine(store, opened, monkeypatch, tmp_path):
    monkeypatch.setenv("SEGLAB_DASHBOARD_DATA", str(tmp_path / "elsewhere"))
    said = words(opened("pictures"))
    assert f"are not in {tmp_path}/elsewhere" in said
    assert "-P data_dir=" in said


def test_address_that_names_what_is_not_there(store, opened):
    app = opened("pictures", picture="zebra", runs="no such run", threshold="high", part="night")
    assert not app.warning
    assert app.selectbox(key="picture").value in ("d", "e")
    for name in ("'zebra'", "'no such run'", "'night'"):
        assert f"the address names {name}, which this page does not have. Shown: " in words(app)


def test_run_of_another_experiment(store, opened):
    client = MlflowClient()
    other = client.create_experiment("other")
    run = client.create_run(other, run_name="far away").info.run_id
    try:
        app = opened("run", run=run, experiment="Default")
        assert "is in the experiment 'other'" in words(app)
    finally:
        client.delete_experiment(other)


def test_run_that_came_in_since_runs_were_read(store, opened, monkeypatch):
    monkeypatch.setattr(snapshot, "FRESH", 1000.0)
    live.cache_clear()
    opened("run", experiment="Default")
    client = MlflowClient()
    run = client.create_run("0", run_name="new", tags={"seglab.offline_id": "0ff11e"}).info.run_id
    try:
        said = words(opened("run", run=run, experiment="Default"))
        assert f"Run {run} has just come in." in said
        live.cache_clear()
        assert opened("run", run="0ff11e", experiment="Default").header[0].value == "new"
    finally:
        client.delete_run(run)
        live.cache_clear()
