"""A training killed in mid-epoch goes on in the same MLflow run as if nothing had happened."""

import signal
import time

import pytest
from workspace import Workspace

from seglab.training.checkpoint import LAST, load

SMALL = {"inputs": "rgb", "width": 2, "tile": 160, "epochs": 3, "batch_size": 2}
TIMED = {"images_per_second", "gflops", "peak_share"}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory, empty_database):
    space = Workspace(tmp_path_factory.mktemp("resume"), empty_database)
    space.run("prepare", dataset="sample")
    return space


@pytest.fixture(scope="module")
def whole(workspace):
    workspace.run("train", **SMALL)
    return workspace.runs()[0]


def history(workspace, run):
    """Metric → its (step, value) pairs; times and rates left out."""
    return {
        key: [(m.step, m.value) for m in workspace.client.get_metric_history(run.info.run_id, key)]
        for key in run.data.metrics
        if key not in TIMED
    }


def checkpoints(workspace):
    return set(workspace.data_dir.glob(f"runs/*/{LAST}"))


def start_and_signal(workspace, number):
    """Folder and exit code of a training that got a signal in its second epoch."""
    before = checkpoints(workspace)
    process = workspace.start("train", **SMALL)
    while not checkpoints(workspace) - before and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(number)
    process.communicate()
    (checkpoint,) = checkpoints(workspace) - before
    return checkpoint.parent, process.returncode


def bits(folder):
    """Weights, moments and scores of a finished training."""
    content = load(folder / LAST)
    weights = {name: value.numpy().tobytes() for name, value in content["model"].items()}
    moments = {
        (index, name): value.numpy().tobytes()
        for index, state in content["optimizer"]["state"].items()
        for name, value in state.items()
    }
    scores = [
        {name: value for name, value in row.items() if name not in TIMED}
        for row in content["progress"]["history"]
    ]
    return weights, moments, scores


@pytest.mark.parametrize(
    ("number", "code", "status"),
    [(signal.SIGKILL, -signal.SIGKILL, "RUNNING"), (signal.SIGTERM, 143, "KILLED")],
    ids=["SIGKILL", "SIGTERM"],
)
def test_stopped_training_goes_on_in_the_same_run(workspace, whole, number, code, status):
    folder, returned = start_and_signal(workspace, number)
    assert returned == code
    run_id = folder.name
    assert workspace.client.get_run(run_id).info.status == status
    assert load(folder / LAST)["progress"]["epoch"] < SMALL["epochs"]

    runs = len(workspace.runs())
    workspace.run("train", resume=run_id)
    assert len(workspace.runs()) == runs
    resumed = workspace.client.get_run(run_id)
    assert resumed.info.status == "FINISHED"
    assert bits(folder) == bits(workspace.data_dir / "runs" / whole.info.run_id)
    assert history(workspace, resumed) == history(workspace, whole)
    for key in ("train/loss", "gflops"):
        steps = [m.step for m in workspace.client.get_metric_history(run_id, key)]
        assert steps == [1, 2, 3]


def test_resuming_with_other_parameters_is_refused_naming_them(workspace, whole):
    process = workspace.start("train", resume=whole.info.run_id, width=8, learning_rate=0.1)
    _, errors = process.communicate()
    assert process.returncode == 1
    assert "--width=8, but it was trained with 2" in errors
    assert "--learning_rate=0.1, but it was trained with 0.0001" in errors


def test_run_tells_where_its_numbers_come_from(workspace, whole):
    tags = whole.data.tags
    assert tags["seglab.experiment_title"] == "UNet RGB"
    assert tags["seglab.dataset_title"] == "sample"
    assert len(tags["seglab.git.commit"]) == 40 or tags["seglab.git.commit"].startswith("none")
    assert tags["seglab.version.torch"]
    (used,) = whole.inputs.dataset_inputs
    assert used.dataset.digest == tags["seglab.data_digest"]
    assert whole.data.params["learning_rate"] == "0.0001"
    assert whole.data.params["width"] == "2"
    artifacts = {item.path for item in workspace.client.list_artifacts(whole.info.run_id)}
    assert {"figures", "images"} <= artifacts


def test_best_network_is_an_mlflow_model_with_a_signature(workspace, whole, monkeypatch):
    import mlflow.pyfunc
    import numpy as np

    monkeypatch.setenv("MLFLOW_TRACKING_URI", workspace.uri)
    model = mlflow.pyfunc.load_model(f"runs:/{whole.info.run_id}/model")
    (answer,) = model.predict({"image": [np.zeros((70, 50, 3), np.uint8)]}).to_dict("records")
    assert answer["probability"].shape == answer["mask"].shape == (70, 50)
    assert ((answer["probability"] >= 0) & (answer["probability"] <= 1)).all()


def test_a_training_that_goes_on_where_its_data_was_moved_is_scored_there(workspace, whole):
    """The last test here: the data is gone from where the others have it."""
    workspace.data_dir = workspace.data_dir.rename(workspace.folder / "moved")
    workspace.run("train", resume=whole.info.run_id)
    said = workspace.run("evaluate", run=whole.info.run_id, splits="test", pictures=0)
    assert "best epoch" in said
    assert "is not scored" not in said
