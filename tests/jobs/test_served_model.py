"""The served model: MLflow loads it, and `mlflow models serve` answers real HTTP requests."""

import base64
import io
import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import mlflow.pyfunc
import numpy as np
import pytest
import requests
import torch
from PIL import Image

import seglab
from seglab.data.decode import encode_png
from seglab.errors import CheckpointError
from seglab.evaluation.config import PredictConfig
from seglab.evaluation.predict import colours, probabilities
from seglab.jobs import served
from seglab.jobs.predict import predict
from seglab.networks.build import build
from seglab.tracking.registry import crown
from seglab.tracking.run import start_run
from seglab.training.checkpoint import About, save
from seglab.training.config import TrainConfig
from tests.mlflow_server import copy_database, free_port, wait_for

NAME = "discs"


def make_checkpoint(path, inputs, channels, classes=1):
    """A checkpoint of an untrained network, and the network."""
    torch.manual_seed(0)
    network = build("unet", channels, classes, 2)
    config = TrainConfig(width=2, tile=32, inputs=inputs)
    about = About(asdict(config), channels, classes, "fp32", {"title": "discs"}, None, None)
    save(path, {"model": network.state_dict(), "about": asdict(about), "epoch": 3})
    return network


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="module")
def rgb(folder):
    """The network whose checkpoint is ``folder/best.pt``."""
    return make_checkpoint(folder / "best.pt", "rgb", 3)


def pixels(height, width, channels=3):
    rng = np.random.default_rng(height)
    return rng.integers(0, 256, (height, width, channels), dtype=np.uint8)


def base64_png(image):
    return base64.b64encode(encode_png(image)).decode()


def probability(network, image):
    return probabilities(network, image, 32, torch.device("cpu"), "fp32", 1)


def ask(path, *images):
    """Answers of the model whose checkpoint lies at ``path``, a dict a picture."""
    data = served.pd.DataFrame({"image": list(images)})
    return served._load_pyfunc(str(path)).predict(data).to_dict("records")


def test_pictures_of_any_size(rgb, folder):
    images = [pixels(32, 32), pixels(45, 70), pixels(5, 200)]
    for image, answer in zip(images, ask(folder / "best.pt", *images), strict=True):
        assert answer["probability"].dtype == np.float32
        # A GPU adds up in another order.
        np.testing.assert_allclose(answer["probability"], probability(rgb, image), atol=2e-3)
        rounded = np.rint(255 * answer["probability"])
        np.testing.assert_array_equal(answer["mask"], rounded >= 128)


def test_stacked_channels(tmp_path):
    network = make_checkpoint(tmp_path / "best.pt", "rgb+guided", 4)
    (answer,) = ask(tmp_path / "best.pt", pixels(40, 33, 4))
    expected = probability(network, pixels(40, 33, 4))
    np.testing.assert_allclose(answer["probability"], expected, atol=2e-3)


def test_a_network_that_learnt_superpixels_answers_painted_pictures(tmp_path):
    network = make_checkpoint(tmp_path / "best.pt", "rgb", 3, classes=3)
    image = pixels(40, 33)
    drawn, numbers = ask(tmp_path / "best.pt", base64_png(image), image)
    expected = colours(network, image, torch.device("cpu"))
    np.testing.assert_allclose(numbers["painted"], expected, atol=2e-3)
    assert np.abs(opened(drawn["painted"]) / 255 - expected).max() < 4e-3


def opened(text):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(text))))


def test_a_missing_checkpoint_is_named(tmp_path):
    with pytest.raises(CheckpointError, match=r"gone\.pt"):
        served._load_pyfunc(str(tmp_path / "gone.pt"))


def test_serving_needs_little():
    program = (
        "import sys, seglab.jobs.served\n"
        "print([name for name in ('matplotlib', 'boto3', 'numba') if name in sys.modules])"
    )
    found = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(Path(seglab.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == "[]"


@pytest.fixture(scope="module")
def champion(rgb, folder, empty_database):
    """URI of the network as a registered model, in a store of its own."""
    copy_database(empty_database, folder / "mlflow.db", f"{folder}/mlruns")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("RUN_ID", "EXPERIMENT_ID", "EXPERIMENT_NAME"):
            patch.delenv(f"MLFLOW_{name}", raising=False)
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder}/mlflow.db")
        with start_run("train", params={}) as run:
            gives = ["mask", "probability"]
            module = served.__name__
            run.model("model", folder / "best.pt", module, served.IMAGE, gives, {})
        yield crown(NAME, run.id, "model")


@pytest.fixture(scope="module")
def server(champion, folder):
    """Address of `mlflow models serve`, which knows of us only what the model brings along."""
    address = f"http://127.0.0.1:{(port := free_port())}"
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", champion]
    command += ["--env-manager", "local", "--host", "127.0.0.1", "--port", str(port)]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    clean = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | {"PATH": path}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=clean, stdout=log, stderr=log, start_new_session=True
        )
    try:
        wait_for(lambda: process.poll() is None, f"{address}/ping", folder / "log")
        yield address
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def post(server, body):
    text = body if isinstance(body, str) else json.dumps(body)
    headers = {"Content-Type": "application/json"}
    return requests.post(f"{server}/invocations", data=text, headers=headers, timeout=60)


def test_pictures_over_http(server, rgb):
    image = pixels(40, 33)
    body = {"inputs": [{"image": base64_png(image)}, {"image": image.tolist()}]}
    drawn, numbers = post(server, body).json()["predictions"]
    expected = probability(rgb, image)
    np.testing.assert_allclose(numbers["probability"], expected, atol=2e-3)
    assert np.array_equal(opened(drawn["mask"]), 255 * np.array(numbers["mask"]))
    assert np.array_equal(opened(drawn["probability"]), np.rint(255 * expected))


NOISE = pixels(40, 33)
WRONG = {
    "is no base64": {"inputs": [{"image": "no base64!"}]},
    "^picture 0: it is no picture": {
        "inputs": [{"image": base64.b64encode(b"no picture").decode()}]
    },
    "is truncated": {"inputs": [{"image": base64.b64encode(encode_png(NOISE)[:-50]).decode()}]},
    "is empty": {"inputs": [{"image": ""}]},
    r"is int64 of shape \(40, 33\)": {"inputs": [{"image": NOISE[..., 0].tolist()}]},
    "has 2 channels; give 3 of RGB": {"inputs": [{"image": NOISE[..., :2].tolist()}]},
    "has values 0 to 300, which must be 0 to 255": {"inputs": [{"image": [[[0, 0, 300]]]}]},
    "is float64": {"inputs": [{"image": [[[0.5, 0, 0]]]}]},
    "rows of unequal length": {"inputs": [{"image": [[[0, 0, 0]], [[0, 0]]]}]},
    "^picture 1: it is no base64": {"inputs": [{"image": base64_png(NOISE)}, {"image": "?"}]},
    r"missing inputs \['image'\]": {"inputs": [{"picture": "x"}]},
    "valid JSON": "{",
}


@pytest.mark.parametrize("sentence", WRONG)
def test_bad_requests_are_told_what_is_wrong(server, sentence):
    answer = post(server, WRONG[sentence])
    assert answer.status_code == 400
    with pytest.raises(ValueError, match=sentence):
        raise ValueError(answer.json()["message"])


def test_a_file_and_a_registered_model_predict_alike(champion, folder, tmp_path, monkeypatch):
    monkeypatch.setenv("SEGLAB_SPOOL", str(tmp_path / "spool"))
    (tmp_path / "photo.png").write_bytes(encode_png(pixels(40, 33)))
    images = f"{tmp_path}/photo.png"
    predict(PredictConfig(images=images, output=f"{tmp_path}/a", model=champion))
    predict(PredictConfig(images=images, output=f"{tmp_path}/b", checkpoint=f"{folder}/best.pt"))
    masks = [(tmp_path / name / "photo.png").read_bytes() for name in ("a", "b")]
    assert masks[0] == masks[1]
    loaded = mlflow.pyfunc.load_model(champion).predict({"image": [pixels(40, 33)]})
    assert np.array_equal(opened(base64.b64encode(masks[0])), 255 * loaded["mask"][0])
