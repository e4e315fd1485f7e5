"""Runs and artifacts read back."""

import math
import time
from pathlib import Path

import pytest
from mlflow import MlflowClient

from seglab.errors import MissingArtifactError, TrackingError
from seglab.tracking.reader import download, download_model, read_runs, run_info, unquoted
from seglab.tracking.run import start_run


@pytest.fixture
def experiment(any_store: str, monkeypatch: pytest.MonkeyPatch) -> str:
    name = f"tables {time.time_ns()}"
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", name)
    return name


def test_runs_are_rows(experiment: str) -> None:
    with start_run("first", params={"width": 8}, tags={"seglab.saliency": "imagenet"}) as first:
        first.metrics({"iou": 0.5}, step=1)
        first.metrics({"iou": 0.75}, step=2)
    with pytest.raises(ValueError), start_run("second", params={"epochs": 2}) as second:
        raise ValueError
    with start_run("deleted", params={}) as deleted:
        pass
    MlflowClient().delete_run(deleted.id)
    frame = read_runs(experiment).set_index("run_id")
    assert list(frame.index) == [second.id, first.id]
    assert list(frame["name"]) == ["second", "first"]
    assert list(frame["status"]) == ["FAILED", "FINISHED"]
    assert (frame["end_time"] >= frame["start_time"]).all()
    assert str(frame["start_time"].dt.tz) == "UTC"
    row = frame.loc[first.id]
    assert (row["params.width"], row["metrics.iou"]) == ("8", 0.75)
    assert row["tags.seglab.saliency"] == "imagenet"
    assert math.isnan(frame.loc[second.id, "metrics.iou"])


def test_more_runs_than_a_page_are_read(
    any_store: str, experiment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mlflow.tracking.fluent.NUM_RUNS_PER_PAGE_PANDAS", 2)
    experiment_id = MlflowClient().create_experiment(experiment)
    for _ in range(5):
        MlflowClient().create_run(experiment_id)
    assert read_runs(experiment)["run_id"].nunique() == 5


def test_an_empty_experiment_has_no_rows(experiment: str) -> None:
    MlflowClient().create_experiment(experiment)
    frame = read_runs(experiment)
    assert len(frame) == 0
    assert list(frame) == ["run_id", "name", "status", "start_time", "end_time"]


def test_an_unknown_experiment_lists_those_there_are(any_store: str) -> None:
    with pytest.raises(TrackingError, match=r"no experiment 'Defualt' .*it has .*'Default'"):
        read_runs("Defualt")


def test_a_run_says_what_it_is(experiment: str) -> None:
    with start_run("first", params={"width": 8}) as run:
        run.metrics({"iou": 0.75}, step=2)
    info = run_info(run.id)
    assert (info.id, info.name, info.status) == (run.id, "first", "FINISHED")
    assert (info.experiment, info.experiment_id) == (experiment, run.experiment_id)
    assert (info.params, info.metrics) == ({"width": "8"}, {"iou": 0.75})
    assert info.tags["seglab.host"]


def test_an_unknown_run_is_named(any_store: str, tmp_path: Path) -> None:
    with pytest.raises(TrackingError, match=r"run='4711' does not exist in the store"):
        run_info("4711")
    with pytest.raises(TrackingError, match=r"run='0{32}' does not exist in the store"):
        download("0" * 32, "a.txt", tmp_path)


def test_params_of_mlflow_run_are_read_as_they_were_given(sqlite_store: str) -> None:
    run = MlflowClient().create_run("0", tags={"mlflow.source.type": "PROJECT"})
    MlflowClient().log_param(run.info.run_id, "output", "'my masks'")
    MlflowClient().log_param(run.info.run_id, "resume", "''")
    MlflowClient().log_param(run.info.run_id, "inputs", "rgb+guided")
    given = {"output": "my masks", "resume": "", "inputs": "rgb+guided"}
    assert run_info(run.info.run_id).params == given
    assert read_runs("Default").loc[0, "params.output"] == "my masks"


@pytest.mark.parametrize(
    ("logged", "given"), [("'it'\"'\"'s'", "it's"), ("'open", "'open"), ("5", "5"), ("", "")]
)
def test_quotes_of_the_shell_are_taken_off(logged: str, given: str) -> None:
    assert unquoted(logged) == given


def test_artifacts_come_back_as_they_were(any_store: str, tmp_path: Path) -> None:
    source = tmp_path / "report"
    (source / "deep").mkdir(parents=True)
    (source / "deep" / "a b.bin").write_bytes(bytes(range(256)))
    (source / "top.txt").write_text("top")
    with start_run("r", params={}) as run:
        run.artifacts(source, "report")
    into = tmp_path / "got" / "it"
    assert download(run.id, "report/top.txt", into) == into / "report" / "top.txt"
    assert (into / "report" / "top.txt").read_text() == "top"
    (into / "report" / "stale.txt").touch()
    folder = download(run.id, "report", into)
    assert (folder / "deep" / "a b.bin").read_bytes() == bytes(range(256))
    found = sorted(path.name for path in into.rglob("*") if path.is_file())
    assert found == ["a b.bin", "top.txt"]
    missing = r"no artifact 'report/gone' .*there are: report/deep"
    with pytest.raises(MissingArtifactError, match=missing):
        download(run.id, "report/gone", into)


@pytest.mark.parametrize(
    "name", ["../x", "a/../../x", "/etc/passwd", "a\0b", "C:x", "..\\x", "", "con.txt", "."]
)
def test_names_that_leave_the_folder_are_refused(
    sqlite_store: str, tmp_path: Path, name: str
) -> None:
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(TrackingError, match="is refused: it must be a path below its run"):
        download("0" * 32, name, tmp_path / "into")
    assert sorted(tmp_path.rglob("*")) == before


def test_a_folder_that_leaves_the_run_is_refused_when_written(
    any_store: str, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").touch()
    with (
        pytest.raises(TrackingError, match="Invalid artifact path"),
        start_run("r", params={}) as run,
    ):
        run.artifact(tmp_path / "a.txt", "../../up")


def test_what_is_no_model_is_named(any_store: str, tmp_path: Path) -> None:
    with pytest.raises(TrackingError, match=r"'best\.pt' names no MLflow model; give models:/"):
        download_model("best.pt", tmp_path)
    with pytest.raises(TrackingError, match="downloading model 'models:/unet@champion' failed"):
        download_model("models:/unet@champion", tmp_path)
