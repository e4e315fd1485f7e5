"""A logged model loads and predicts in a process that knows nothing of us but mlflow."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from mlflow import MlflowClient
from mlflow.entities import LoggedModel
from mlflow.models import Model
from mlflow.pyfunc import save_model

from seglab.errors import TrackingError
from seglab.tracking.reader import download_model
from seglab.tracking.run import Run, start_run

LOADER = """
import pandas as pd
from tiny_loader import LABELS

class Brightness:
    def __init__(self, factor):
        self.factor = factor

    def predict(self, data, params=None):
        means = [[image.mean() * self.factor] for image in data["image"]]
        return pd.DataFrame(means, columns=LABELS)

def _load_pyfunc(path):
    with open(path) as file:
        return Brightness(float(file.read()))
"""
METADATA = {"config": {"inputs": "rgb+guided", "width": 8}, "digest": "0123"}
PREDICT = """
import sys
import mlflow.pyfunc, numpy as np, pandas as pd
from mlflow.exceptions import MlflowException

pictures = pd.DataFrame({"image": [np.full((3, 5, 4), 10, np.uint8)]})
for store, uri in zip(sys.argv[1::2], sys.argv[2::2]):
    mlflow.set_tracking_uri(store)
    model = mlflow.pyfunc.load_model(uri)
    assert model.metadata.get_output_schema().input_names() == ["mean"]
    assert model.predict(pictures)["mean"].tolist() == [5]
    try:
        model.predict(pictures.rename(columns={"image": "picture"}))
    except MlflowException as fault:
        assert "missing inputs ['image']" in str(fault), fault
    else:
        raise AssertionError("accepted another column")
"""


def log_model(run: Run, folder: Path) -> None:
    code = folder / "tiny_loader"
    code.mkdir(exist_ok=True)
    (code / "__init__.py").write_text("LABELS = ['mean']")
    (code / "brightness").mkdir(exist_ok=True)
    (code / "brightness" / "__init__.py").touch()
    (code / "brightness" / "loading.py").write_text(LOADER)
    os.utime(code / "brightness" / "loading.py", (0, 0))  # as some package managers date files
    (folder / "best.txt").write_text("0.5")
    signature = ("image", ["mean"])
    loader = "tiny_loader.brightness.loading"
    run.model("model", folder / "best.txt", loader, *signature, METADATA, 2, code)


def model_of(run: Run) -> LoggedModel:
    (found,) = MlflowClient().search_logged_models(
        [run.experiment_id], f"source_run_id = '{run.id}'"
    )
    return found


def test_a_model_is_logged_and_comes_back(any_store: str, tmp_path: Path) -> None:
    with start_run("r", params={"width": 8}) as run:
        run.metrics({"loss": 0.5}, step=1)
        run.metrics({"loss": 0.4}, step=2)
        log_model(run, tmp_path)
        assert MlflowClient().get_run(run.id).info.status == "RUNNING"
        got = download_model(f"runs:/{run.id}/model", tmp_path / "got at once")
        assert got.metadata == METADATA
    history = MlflowClient().get_metric_history(run.id, "loss")
    assert sorted((metric.step, metric.value) for metric in history) == [(1, 0.5), (2, 0.4)]
    stored = model_of(run)
    uri = f"models:/{stored.model_id}"
    assert stored.source_run_id == run.id
    outputs = MlflowClient().get_run(run.id).outputs.model_outputs
    assert [(output.model_id, output.step) for output in outputs] == [(stored.model_id, 2)]
    assert stored.status == "READY"
    assert stored.params == {"width": "8"}
    assert [(metric.key, metric.value) for metric in stored.metrics] == [("loss", 0.4)]
    name = f"unet-{run.id}"
    MlflowClient().create_registered_model(name)
    version = MlflowClient().create_model_version(name, uri, run.id, model_id=stored.model_id)
    MlflowClient().set_registered_model_alias(name, "champion", version.version)
    for named in (uri, f"runs:/{run.id}/model", f"models:/{name}@champion"):
        got = download_model(named, tmp_path / "got")
        assert got.checkpoint.read_text() == "0.5"
        assert got.metadata == METADATA
    files = [path.name for path in (tmp_path / "got").rglob("*") if path.is_file()]
    assert len(files) < 12  # a store moves each by itself
    assert not [name for name in files if name.endswith(".pkl")]


def test_a_model_predicts_in_a_fresh_process(
    sqlite_store: str, mlflow_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logged = []
    for store in (sqlite_store, mlflow_server):
        monkeypatch.setenv("MLFLOW_TRACKING_URI", store)
        with start_run("r", params={}) as run:
            log_model(run, tmp_path)
        logged += [store, f"models:/{model_of(run).model_id}"]
    done = subprocess.run(
        [sys.executable, "-c", PREDICT, *logged], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "mismatch" not in done.stderr


def test_its_folder_is_as_mlflow_writes_one(sqlite_store: str, tmp_path: Path) -> None:
    """But for the versions of pip, setuptools and wheel, which a model does not depend on."""
    with start_run("r", params={}) as run:
        log_model(run, tmp_path)
    ours = Path(MlflowClient().download_artifacts(run.id, "model", str(tmp_path)))
    save_model(
        tmp_path / "theirs",
        loader_module="tiny_loader.brightness.loading",
        data_path=str(tmp_path / "best.txt"),
        code_paths=[str(tmp_path / "tiny_loader")],
        pip_requirements=(ours / "requirements.txt").read_text().splitlines(),
    )
    described, theirs = (Model.load(folder) for folder in (ours, tmp_path / "theirs"))
    assert described.flavors == theirs.flavors
    assert described.mlflow_version == theirs.mlflow_version
    for name in ("requirements.txt", "conda.yaml", "python_env.yaml"):
        mine, its = (
            re.sub(r"\b(pip|setuptools|wheel)[=<]=[\d.]+", r"\1", (folder / name).read_text())
            for folder in (ours, tmp_path / "theirs")
        )
        assert yaml.safe_load(mine) == yaml.safe_load(its)


def test_a_model_goes_into_the_experiment_of_its_run(
    sqlite_store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "elsewhere")
    with start_run("r", params={}) as run:
        monkeypatch.delenv("MLFLOW_EXPERIMENT_NAME")
        log_model(run, tmp_path)
    stored = model_of(run)
    assert stored.experiment_id == run.experiment_id != "0"


def test_a_model_of_somebody_else_is_refused(sqlite_store: str, tmp_path: Path) -> None:
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "MLmodel").write_text("flavors:\n  python_function:\n    data: ../../secret\n")
    with start_run("r", params={}) as run:
        run.artifacts(foreign, "model")
    with pytest.raises(TrackingError, match="must be a path below its run"):
        download_model(f"runs:/{run.id}/model", tmp_path / "got")
    (foreign / "MLmodel").write_text("flavors:\n  sklearn: {}\n")
    with start_run("r", params={}) as run:
        run.artifacts(foreign, "model")
    with pytest.raises(TrackingError, match="holds no checkpoint: it was not logged by seglab"):
        download_model(f"runs:/{run.id}/model", tmp_path / "got")
