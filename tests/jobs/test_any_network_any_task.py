"""Any network learns any task: trained, logged, scored or used, and served."""

import mlflow.pyfunc
import numpy as np
import pytest
from mlflow import MlflowClient

from seglab.data.config import PrepareConfig
from seglab.data.decode import read_image
from seglab.data.prepare import prepare
from seglab.errors import ConfigError
from seglab.evaluation.config import EvaluateConfig, PredictConfig
from seglab.jobs.evaluate import evaluate
from seglab.jobs.predict import predict
from seglab.jobs.train import train
from seglab.networks.names import TITLES
from seglab.superpixels.config import TargetsConfig
from seglab.superpixels.painting import fill_targets
from seglab.training.config import TrainConfig
from tests.data.folders import make_folder, write_lists
from tests.mlflow_server import copy_database


@pytest.fixture(scope="module")
def store(tmp_path_factory, empty_database):
    """A folder with prepared data and painted targets, and an MLflow store of its own."""
    root = tmp_path_factory.mktemp("networks")
    copy_database(empty_database, root / "mlflow.db", f"{root}/mlruns")
    make_folder(root / "mine", "abcd")
    write_lists(root / "mine", {"train": "ab", "val": "c", "test": "d"})
    config = PrepareConfig(dataset="folder", data_dir=f"{root}/data", source=str(root / "mine"))
    pictures = prepare(config)
    wanted = TargetsConfig(
        dataset="folder", data_dir=f"{root}/data", superpixels=12, mask_weight=0, workers=1
    )
    fill_targets(wanted, pictures)
    return root


@pytest.fixture(autouse=True)
def tracked(store, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{store}/mlflow.db")
    monkeypatch.chdir(store)


def trained(store, model, task, **changes):
    """The run of a training as small as can be."""
    side = {"tile": 32} if task == "mask" else {"crop": 32}
    train(
        TrainConfig(
            dataset="folder",
            data_dir=f"{store}/data",
            inputs="rgb",
            model=model,
            task=task,
            width=2,
            epochs=2,
            batch_size=2,
            **side,
            **changes,
        )
    )
    return MlflowClient().search_runs(["0"], max_results=1)[0]


@pytest.mark.parametrize("model", list(TITLES))
def test_masks(store, model):
    run = trained(store, model, "mask")
    assert run.data.tags["seglab.task"] == "mask"
    evaluate(EvaluateConfig(run=run.info.run_id, splits=("val",)))
    scored = MlflowClient().get_run(run.info.run_id).data.metrics
    assert 0 <= scored["evaluation/val/iou"] <= scored["evaluation/val/dice"] <= 1
    assert ("norm/01_a" in scored) is (model != "unet")


@pytest.mark.parametrize("model", list(TITLES))
def test_superpixels(store, model, tmp_path, monkeypatch):
    run = trained(store, model, "superpixels", tv_weight=0.1, tv="isotropic")
    assert run.data.metrics["train/loss"] > 0
    # Of one picture; outputs beyond 0…1 count in the loss, but are cut off before they are seen.
    of_loss = -10 * np.log10(run.data.metrics["val/loss"])
    assert run.data.metrics["val/psnr"] >= of_loss - 1e-3
    assert len(run.data.tags["seglab.targets_digest"]) == 32
    assert "superpixels · color" in run.data.tags["seglab.targets"]
    photo = store / "mine" / "images" / "a.png"
    monkeypatch.setenv("HOME", str(tmp_path))
    predict(PredictConfig(run=run.info.run_id, images=str(photo), output="~/painted"))
    painted = read_image(tmp_path / "painted" / "a.png")
    before = photo.read_bytes()
    with pytest.raises(ConfigError, match=r"--output=.* would replace 1 picture .*a\.png\)"):
        predict(PredictConfig(run=run.info.run_id, images=str(photo), output=str(photo.parent)))
    assert photo.read_bytes() == before
    served = mlflow.pyfunc.load_model(f"runs:/{run.info.run_id}/model")
    (colours,) = served.predict({"image": [read_image(photo)]})["painted"]
    assert colours.shape == painted.shape == (20, 30, 3)
    assert abs(255 * colours - painted).max() <= 0.5
    figures = {file.path for file in MlflowClient().list_artifacts(run.info.run_id, "figures")}
    assert ("figures/adaptive_norm.png" in figures) is (model != "unet")
    with pytest.raises(ConfigError, match=f"superpixels -P run={run.info.run_id}"):
        evaluate(EvaluateConfig(run=run.info.run_id))
