"""What arrives in the store, for a sqlite store and a server alike."""

import math
import time
from pathlib import Path

import numpy as np
import pytest
from mlflow import MlflowClient

from seglab.errors import DataError, TrackingError
from seglab.tracking.run import open_run, start_run
from seglab.tracking.signals import Terminated

PICTURE = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)


def history(run_id: str, key: str) -> list[tuple[int, float]]:
    found = MlflowClient().get_metric_history(run_id, key)
    return sorted((metric.step, metric.value) for metric in found)


def status(run_id: str) -> str:
    return str(MlflowClient().get_run(run_id).info.status)


def test_a_run_carries_what_was_logged(any_store: str, tmp_path: Path) -> None:
    report = tmp_path / "report"
    (report / "sub").mkdir(parents=True)
    (report / "sub" / "table.csv").write_text("a,b\n")
    with start_run(
        "UNet RGB",
        params={"epochs": 2, "splits": ("train", "val"), "resume": "", "note": None, "rate": 1e-4},
        tags={"seglab.saliency": ""},
    ) as run:
        run.metrics({"train/loss": 0.5, "train/iou": np.float32(0.25)}, step=1)
        run.metrics({"train/loss": 0.4, "train/iou": 0.5}, step=2)
        run.image("val/pic (1)/grün", PICTURE, step=2)
        run.artifact(report / "sub" / "table.csv", "tables")
        run.artifacts(report, "report")
        assert status(run.id) == "RUNNING"
    stored = MlflowClient().get_run(run.id)
    assert stored.info.run_name == "UNet RGB"
    assert stored.info.status == "FINISHED"
    assert stored.data.params == {
        "epochs": "2",
        "splits": "train,val",
        "resume": "",
        "note": "None",
        "rate": "0.0001",
    }
    assert history(run.id, "train/loss") == [(1, 0.5), (2, 0.4)]
    assert history(run.id, "train/iou") == [(1, 0.25), (2, 0.5)]
    assert stored.data.tags["seglab.saliency"] == ""
    assert stored.data.tags["seglab.version.mlflow"].startswith("3.")
    assert stored.data.tags["mlflow.user"]
    paths = {item.path for item in MlflowClient().list_artifacts(run.id, "images")}
    assert sum(path.startswith("images/val~pic _1_~gr_n+step+2+") for path in paths) == 2
    assert [item.path for item in MlflowClient().list_artifacts(run.id, "report/sub")] == [
        "report/sub/table.csv"
    ]
    assert [item.path for item in MlflowClient().list_artifacts(run.id, "tables")] == [
        "tables/table.csv"
    ]


def test_an_infinity_is_logged_as_nan_and_named(any_store: str) -> None:
    with start_run("r", params={}) as run:
        run.metrics({"loss": math.inf, "rate": -math.inf, "iou": math.nan, "dice": 1.0}, step=3)
    data = MlflowClient().get_run(run.id).data
    assert {key for key, value in data.metrics.items() if math.isnan(value)} == {
        "loss",
        "rate",
        "iou",
    }
    assert data.metrics["dice"] == 1.0
    assert data.tags["seglab.nonfinite.loss"] == "inf at step 3"
    assert data.tags["seglab.nonfinite.rate"] == "-inf at step 3"
    assert "seglab.nonfinite.iou" not in data.tags


def test_long_texts_are_kept_whole_in_artifacts(sqlite_store: str, tmp_path: Path) -> None:
    long = "ä" * 9000
    with start_run("r", params={"weights/path": long, "short": "x"}, tags={"seglab.t": long}) as r:
        pass
    data = MlflowClient().get_run(r.id).data
    assert data.params["weights/path"] == "9000 characters, in the artifact params/weights_path.txt"
    assert data.params["short"] == "x"
    assert data.tags["seglab.t"] == "9000 characters, in the artifact tags/seglab.t.txt"
    for path in ("params/weights_path.txt", "tags/seglab.t.txt"):
        kept = MlflowClient().download_artifacts(r.id, path, str(tmp_path))
        assert Path(kept).read_text(encoding="utf-8") == long


def test_params_already_there_keep_their_value(sqlite_store: str) -> None:
    with start_run("r", params={"epochs": 2}) as run:
        run.params({"epochs": "2.0", "width": 8})
    assert MlflowClient().get_run(run.id).data.params == {"epochs": "2", "width": "8"}


@pytest.mark.parametrize(
    ("fault", "ended", "error"),
    [
        (ValueError("bad\nvalue"), "FAILED", "ValueError: bad"),
        (DataError("a.png is cut short"), "FAILED", "a.png is cut short"),
        (KeyboardInterrupt(), "KILLED", "interrupted (SIGINT)"),
        (Terminated(), "KILLED", "terminated (SIGTERM)"),
        (SystemExit(7), "FAILED", "exit code 7"),
        (SystemExit(0), "FINISHED", None),
    ],
)
def test_the_status_is_how_the_job_ended(
    sqlite_store: str, fault: BaseException, ended: str, error: str | None
) -> None:
    with pytest.raises(type(fault)), start_run("r", params={}) as run:
        raise fault
    assert status(run.id) == ended
    assert MlflowClient().get_run(run.id).data.tags.get("seglab.error") == error


def test_a_new_run_goes_into_the_experiment_of_the_environment(
    any_store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"studies {time.time_ns()}"
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", name)
    with start_run("first", params={}) as first, start_run("second", params={}) as second:
        pass
    monkeypatch.delenv("MLFLOW_EXPERIMENT_NAME")
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", first.experiment_id)
    with start_run("third", params={}) as third:
        pass
    assert MlflowClient().get_experiment(third.experiment_id).name == name
    assert first.experiment_id == second.experiment_id == third.experiment_id != "0"
    assert len({first.id, second.id, third.id}) == 3
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", "4711")
    with (
        pytest.raises(TrackingError, match=r"4711 \(MLFLOW_EXPERIMENT_ID\)"),
        start_run("r", params={}),
    ):
        pass


def handed_over(monkeypatch: pytest.MonkeyPatch, name: str | None = None) -> str:
    """A run as ``mlflow run`` makes one for the process it starts."""
    run_id = str(MlflowClient().create_run("0", run_name=name).info.run_id)
    MlflowClient().log_param(run_id, "epochs", "'2'")
    monkeypatch.setenv("MLFLOW_RUN_ID", run_id)
    return run_id


def test_a_run_handed_over_is_adopted_once(any_store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    handed = handed_over(monkeypatch)
    with start_run("UNet RGB", params={"epochs": 2, "width": 8}) as run:
        assert run.id == handed
    with start_run("another", params={}) as second:
        assert second.id != handed
    stored = MlflowClient().get_run(handed)
    assert stored.info.run_name == "UNet RGB"
    assert stored.data.params == {"epochs": "'2'", "width": "8"}
    assert stored.info.status == "FINISHED"


def test_a_name_the_user_gave_is_kept(sqlite_store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    handed = handed_over(monkeypatch, "my best try")
    with start_run("UNet RGB", params={}):
        pass
    assert MlflowClient().get_run(handed).info.run_name == "my best try"


def test_a_stale_run_id_in_the_environment_is_refused(
    sqlite_store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_RUN_ID", "0" * 32)
    with (
        pytest.raises(TrackingError, match=r"MLFLOW_RUN_ID='0+' does not exist in the store sqli"),
        start_run("r", params={}),
    ):
        pass


def test_a_resumed_run_has_no_gap_and_no_double_step(any_store: str) -> None:
    with pytest.raises(RuntimeError), start_run("r", params={"epochs": 4}) as run:
        run.metrics({"loss": 0.9, "rate": math.inf}, step=1)
        run.metrics({"loss": 0.7, "rate": 0.1}, step=3)
        raise RuntimeError("killed")
    with start_run("other name", params={"epochs": 9}, resume=run.id) as again:
        assert again.id == run.id
        assert status(run.id) == "RUNNING"
        again.history([(1, {"loss": 5.0}), (2, {"loss": 0.8}), (3, {"loss": 0.7, "rate": 0.1})])
        again.metrics({"loss": 5.0, "rate": 0.1, "new": 1.0}, step=3)
        again.metrics({"loss": 0.6}, step=4)
        again.history([(4, {"loss": 5.0})])
    assert history(run.id, "loss") == [(1, 0.9), (2, 0.8), (3, 0.7), (4, 0.6)]
    assert [step for step, _ in history(run.id, "rate")] == [1, 3]
    assert history(run.id, "new") == [(3, 1.0)]
    stored = MlflowClient().get_run(run.id)
    assert stored.info.status == "FINISHED"
    assert stored.info.run_name == "r"
    assert stored.data.params == {"epochs": "4"}
    assert "seglab.error" not in stored.data.tags
    assert stored.data.tags["seglab.resumed.version.mlflow"].startswith("3.")


def test_a_long_history_arrives_whole(any_store: str) -> None:
    values = [(step, {"a": float(step), "b": -float(step)}) for step in range(1200)]
    with start_run("r", params={}) as run:
        run.history(values[:700])
        run.history(values)
    assert history(run.id, "a") == [(step, float(step)) for step in range(1200)]
    assert len(history(run.id, "b")) == 1200


@pytest.mark.parametrize(
    ("fault", "ended"),
    [(None, "FINISHED"), (ValueError("x"), "FAILED"), (KeyboardInterrupt(), "KILLED")],
)
def test_the_wrapper_of_a_resumed_run_ends_alike(
    sqlite_store: str,
    monkeypatch: pytest.MonkeyPatch,
    fault: BaseException | None,
    ended: str,
) -> None:
    with start_run("r", params={}) as run:
        pass
    wrapper = handed_over(monkeypatch)
    try:
        with start_run("r", params={"width": 8}, resume=run.id):
            assert status(wrapper) == "RUNNING"
            if fault:
                raise fault
    except (ValueError, KeyboardInterrupt):
        pass
    stored = MlflowClient().get_run(wrapper)
    assert stored.data.tags["seglab.resumes"] == run.id
    assert stored.data.params == {"epochs": "'2'"}
    assert (status(run.id), stored.info.status) == (ended, ended)


def test_a_run_to_resume_must_exist(any_store: str) -> None:
    with (
        pytest.raises(TrackingError, match=r"resume='4711' does not exist in the store .*; take"),
        start_run("r", params={}, resume="4711"),
    ):
        pass


def test_a_deleted_run_is_not_written_to(sqlite_store: str) -> None:
    with start_run("r", params={}) as run:
        pass
    MlflowClient().delete_run(run.id)
    with pytest.raises(TrackingError, match="mlflow runs restore"), open_run(run.id):
        pass


def test_an_open_run_keeps_status_and_times(any_store: str) -> None:
    with start_run("training", params={}) as training:
        pass
    before = MlflowClient().get_run(training.id).info
    with (
        open_run(training.id) as target,
        start_run("evaluate", params={"run": training.id}) as own,
    ):
        target.metrics({"evaluation/test/iou": 0.7}, step=4)
        own.metrics({"seconds": 1.0}, step=0)
    after = MlflowClient().get_run(training.id)
    assert (after.info.status, after.info.end_time) == (before.status, before.end_time)
    assert after.data.metrics == {"evaluation/test/iou": 0.7}
    assert MlflowClient().get_run(own.id).data.metrics == {"seconds": 1.0}


def test_a_missing_file_is_named(sqlite_store: str, tmp_path: Path) -> None:
    with (
        pytest.raises(TrackingError, match=r"logging .*gone\.txt to run"),
        start_run("r", params={}) as run,
    ):
        run.artifact(tmp_path / "gone.txt")
    assert status(run.id) == "FAILED"


def test_description_links_to_the_dashboard_where_there_is_one(
    sqlite_store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEGLAB_DASHBOARD", "http://lab:8501/")
    with start_run("train", params={}) as run:
        pass
    note = MlflowClient().get_run(run.id).data.tags["mlflow.note.content"]
    assert note == f"[In the dashboard](http://lab:8501/run?run={run.id})"
