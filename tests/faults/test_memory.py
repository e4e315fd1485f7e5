"""Memory runs out: of a training, in which flags are named, and of a study, which goes on."""

import resource
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch
from mlflow import MlflowClient

from seglab.data.config import PrepareConfig
from seglab.data.prepare import prepare
from seglab.errors import OutOfMemoryError
from seglab.evaluation.predict import painted
from seglab.networks.build import build
from seglab.networks.memory import memory_told
from seglab.training.config import TrainConfig
from seglab.tuning.worker import FAILS_A_TRIAL
from tests.children import in_child
from tests.data.folders import make_folder

ROOM = 1 << 30
"""Bytes beyond what the process has already; one layer of the training below takes 4 GB."""


def test_a_training_names_the_flags_to_lower_and_its_run_fails(
    sqlite_store: str, tmp_path: Path
) -> None:
    from seglab.jobs.train import train

    make_folder(tmp_path / "mine", [f"p{i}" for i in range(8)])
    prepare(PrepareConfig(dataset="folder", data_dir=str(tmp_path), source=str(tmp_path / "mine")))
    config = TrainConfig(
        dataset="folder", data_dir=str(tmp_path), inputs="rgb", tile=4096, precision="fp32"
    )

    def with_little_memory() -> None:
        torch.set_num_threads(1)
        limit = psutil.Process().memory_info().vms + ROOM
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        with pytest.raises(OutOfMemoryError) as caught:
            train(config)
        said = str(caught.value)
        assert "--batch_size=1, --accumulation=1, --tile=4096, --width=64" in said
        assert said.endswith("; lower --tile or --width")

    assert in_child(with_little_memory) == 0
    (run,) = MlflowClient().search_runs(["0"])
    assert run.info.status == "FAILED"
    assert "--tile=4096" in run.data.tags["seglab.error"]


def test_a_picture_too_large_to_be_painted_is_told_with_its_size() -> None:
    network = build(channels=3, classes=3, model="can", width=24, depth=7)

    def with_little_memory() -> None:
        torch.set_num_threads(1)
        limit = psutil.Process().memory_info().vms + ROOM
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        picture = np.zeros((4096, 4096, 3), np.uint8)
        with pytest.raises(OutOfMemoryError, match=r"with 1×4096×4096 pixels at once .*parts"):
            painted(network, picture, torch.device("cpu"))

    assert in_child(with_little_memory) == 0


@pytest.mark.parametrize(
    "fault",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 4 bytes"),
        RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 4 bytes"),
        RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    ],
    ids=["Python", "CUDA", "Linux", "Windows", "cuDNN"],
)
def test_every_way_of_saying_so_is_understood(fault: Exception) -> None:
    said = r"out of memory somewhere \(.+\); lower --tile"
    with pytest.raises(OutOfMemoryError, match=said), memory_told("somewhere", "lower --tile"):
        raise fault
    assert OutOfMemoryError in FAILS_A_TRIAL


def test_other_faults_are_left_alone() -> None:
    with pytest.raises(RuntimeError, match="sizes differ"), memory_told("somewhere", "lower"):
        raise RuntimeError("sizes differ")
