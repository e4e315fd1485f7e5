"""The served model: what MLflow loads is a plain class around the best checkpoint."""

import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import mlflow.pyfunc
import numpy as np
import pytest
import torch
from mlflow.models import ModelSignature
from mlflow.types import Schema, TensorSpec

import seglab
from seglab.errors import CheckpointError, DataError
from seglab.evaluation.model import _load_pyfunc
from seglab.evaluation.predict import probabilities
from seglab.networks.build import build
from seglab.training.checkpoint import About, save
from seglab.training.config import TrainConfig


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    torch.manual_seed(0)
    network = build("unet", 4, 1, 2)
    about = About(
        asdict(TrainConfig(width=2, tile=32)), 4, 1, "fp32", {"title": "discs"}, None, None
    )
    path = tmp_path_factory.mktemp("run") / "best.pt"
    save(path, {"model": network.state_dict(), "about": asdict(about), "epoch": 3})
    return path, network


@pytest.mark.parametrize(("number", "height", "width"), [(1, 32, 32), (2, 45, 70), (3, 5, 200)])
def test_probabilities_of_pictures_of_any_size(checkpoint, number, height, width):
    path, network = checkpoint
    rng = np.random.default_rng(0)
    data = rng.integers(0, 256, (number, height, width, 4), dtype=np.uint8)
    served = _load_pyfunc(str(path)).predict(data)
    assert served.shape == (number, height, width)
    assert served.dtype == np.float32
    for one, picture in zip(served, data, strict=True):
        expected = probabilities(network, picture, 32, torch.device("cpu"), "fp32", 1)
        # A GPU computes convolutions in TF32.
        np.testing.assert_allclose(one, expected, atol=2e-3)


def test_mlflow_loads_it_and_predicts(checkpoint, tmp_path):
    path, _ = checkpoint
    signature = ModelSignature(
        Schema([TensorSpec(np.dtype("uint8"), (-1, -1, -1, 4))]),
        Schema([TensorSpec(np.dtype("float32"), (-1, -1, -1))]),
    )
    mlflow.pyfunc.save_model(
        tmp_path / "model",
        loader_module="seglab.evaluation.model",
        data_path=str(path),
        signature=signature,
        pip_requirements=[],
    )
    data = np.random.default_rng(0).integers(0, 256, (2, 20, 50, 4), dtype=np.uint8)
    predicted = mlflow.pyfunc.load_model(str(tmp_path / "model")).predict(data)
    np.testing.assert_array_equal(predicted, _load_pyfunc(str(path)).predict(data))


@pytest.mark.parametrize(
    "data",
    [
        np.zeros((1, 32, 32, 3), np.uint8),
        np.zeros((32, 32, 4), np.uint8),
        np.zeros((1, 32, 32, 4), np.float32),
    ],
)
def test_other_inputs_are_refused_with_what_is_wanted(checkpoint, data):
    model = _load_pyfunc(str(checkpoint[0]))
    with pytest.raises(DataError, match=r"uint8 of shape \(n, h, w, 4\): RGB SAL MAP GUIDED"):
        model.predict(data)


def test_a_missing_checkpoint_is_named(tmp_path):
    with pytest.raises(CheckpointError, match=r"gone\.pt"):
        _load_pyfunc(str(tmp_path / "gone.pt"))


def test_serving_needs_neither_mlflow_nor_matplotlib():
    program = (
        "import sys, seglab.evaluation.model\n"
        "print([name for name in ('mlflow', 'matplotlib', 'boto3') if name in sys.modules])"
    )
    found = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(Path(seglab.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == "[]"
