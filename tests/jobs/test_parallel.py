"""One training on several processes, as ``torchrun`` starts them."""

import subprocess

import pytest
import torch
from workspace import Workspace

from seglab.training.checkpoint import LAST, load

SMALL = {
    "inputs": "rgb",
    "width": 2,
    "tile": 160,
    "epochs": 2,
    "batch_size": 5,
    "precision": "fp32",
}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory, empty_database):
    space = Workspace(tmp_path_factory.mktemp("parallel"), empty_database)
    space.run("prepare", dataset="sample")
    return space


@pytest.fixture(scope="module")
def two(workspace, preloaded_path):
    """The run of a training on two processes."""
    flags = [f"--{name}={value}" for name, value in SMALL.items()]
    python = str(preloaded_path / "python")
    torchrun = [python, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    subprocess.run(
        [*torchrun, "-m", "entry_points.train", f"--data_dir={workspace.data_dir}", *flags],
        cwd=workspace.folder,
        env=workspace.environment | {"OMP_NUM_THREADS": "1", "PYTHON_EXEC": python},
        check=True,
        timeout=300,
    )
    run, *before = workspace.runs()
    assert len(before) == 1  # that of preparing
    return run


def last(workspace, run):
    return load(workspace.data_dir / "runs" / run.info.run_id / LAST)


def test_two_processes_learn_what_one_does(workspace, two):
    # One process working off each batch in two parts: the same dropout, the same mean gradient.
    workspace.run("train", **SMALL, accumulation=2)
    one = workspace.runs()[0]
    ours, theirs = (last(workspace, run) for run in (two, one))
    assert ours["model"].keys() == theirs["model"].keys()
    for name, weights in ours["model"].items():
        torch.testing.assert_close(weights, theirs["model"][name], rtol=1e-3, atol=1e-5)
    for key in ("train/loss", "val/loss", "train/iou", "val/dice"):
        history = [
            [m.value for m in workspace.client.get_metric_history(run.info.run_id, key)]
            for run in (two, one)
        ]
        assert len(history[0]) == SMALL["epochs"]
        assert history[0] == pytest.approx(history[1], rel=1e-3)


def test_two_processes_log_one_run(workspace, two):
    assert two.info.status == "FINISHED"
    assert two.data.params["batch_size"] == "5"
    assert two.data.metrics["gflops"] > 0
    assert 0 < two.data.metrics["peak_share"] < 2
