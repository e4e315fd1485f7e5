"""A locale without letters, spaces, and folders whose names are not UTF-8."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from mlflow import MlflowClient

from seglab.errors import TrackingError
from tests.data.folders import make_folder

ROOT = Path(__file__).parents[2]
PROGRAM = """
import sys
from seglab.data.config import PrepareConfig
from seglab.errors import exit_codes
from seglab.evaluation.config import EvaluateConfig, PredictConfig
from seglab.training.config import TrainConfig

data, photos, output = sys.argv[1:]
with exit_codes():
    from seglab.jobs import evaluate, predict, prepare, train

    prepare.prepare(PrepareConfig(dataset="folder", source="my pictures", data_dir=data))
    small = {"inputs": "rgb", "width": 2, "tile": 32, "epochs": 1}
    train.train(TrainConfig(dataset="folder", data_dir=data, **small))
    (folder,) = __import__("pathlib").Path(data, "runs").iterdir()
    train.train(TrainConfig(resume=folder.name, data_dir=data))
    evaluate.evaluate(EvaluateConfig(run=folder.name, splits=("val",), pictures=0))
    predict.predict(PredictConfig(run=folder.name, images=photos, output=output))
    predict.predict(PredictConfig(run="0" * 32, images=photos, output=output))
"""


def test_every_step_works_in_the_c_locale_and_in_folders_of_latin_1(
    sqlite_store: str, tmp_path: Path
) -> None:
    names = [os.fsencode(f"{tmp_path}/{name}") for name in ("data ", "photos ", "masks ")]
    data, photos, output = (name + "ä".encode("latin-1") for name in names)
    make_folder(tmp_path / "my pictures", [f"p{i}" for i in range(8)])
    make_folder(Path(os.fsdecode(photos)), ["a b"])
    environment = os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, data, photos + b"/images", output],
        env=environment | {"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        check=False,
    )
    said = done.stderr.decode("ascii", errors="replace")
    assert done.returncode == 1, said
    assert "Traceback" not in said
    assert f"seglab: run='{'0' * 32}' does not exist in the store" in said
    assert rb"IoU" in done.stdout
    assert rb"\xb1" in done.stdout  # the ± that ASCII does not have
    assert [path.name for path in Path(os.fsdecode(output)).iterdir()] == ["a b.png"]
    runs = MlflowClient().search_runs(["0"])
    assert sorted(run.info.status for run in runs) == ["FAILED", *["FINISHED"] * 4]
    trained = next(run for run in runs if "learning_rate" in run.data.params)
    assert trained.data.params["data_dir"] == f"{tmp_path}/data \\udce4"


def test_a_store_in_a_folder_that_no_uri_can_name_is_told(
    no_run: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from seglab.tracking.store import store_uri

    folder = Path(os.fsdecode(os.fsencode(tmp_path) + "/ä".encode("latin-1")))
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///mlflow.db")
    with pytest.raises(TrackingError, match=r"not UTF-8.*rename that folder, or set MLFLOW_TRACK"):
        store_uri()
