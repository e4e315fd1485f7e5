"""Each engine in turn: processes, a Ray cluster, and Slurm.

Where Slurm is not installed, submitit's own local executor stands in: the array, its results and
what becomes of killed jobs are the same code, with processes of this machine for jobs.
"""

import os
import time
from pathlib import Path

import pytest

from seglab.errors import LaunchError
from seglab.launching import slurm
from seglab.launching.cluster import connected
from seglab.launching.config import LaunchConfig
from seglab.launching.crew import Crew, Watch
from seglab.launching.launch import launch
from tests.launching.work import FOR_EVER, die_once, refuse, square, wait_for_ever

ROOT = Path(__file__).parents[2]
pytestmark = [
    pytest.mark.usefixtures("sqlite_store"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture(params=["local", "ray", "slurm", "real slurm"])
def config(request, monkeypatch):
    """An engine and what it needs."""
    if request.param == "ray":
        address = request.getfixturevalue("ray_cluster").address
        with connected(address):
            yield LaunchConfig(engine="ray", ray_address=address)
        return
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT / "src"), str(ROOT)]))
    if request.param == "real slurm":
        request.getfixturevalue("slurm_cluster")
    elif request.param == "slurm":
        monkeypatch.setattr(slurm, "CLUSTER", "local")
    yield LaunchConfig(engine=request.param.split()[-1])


def results(config, work, items, folder, workers=2, retries=1, **watch):
    found = {}
    crew = Crew(workers, folder / "log", retries=retries)
    launch(config, work, items, crew, Watch(ended=found.__setitem__, **watch))
    return found


def test_every_item_is_done_and_lost_ones_again(config, tmp_path):
    looks = []
    assert results(config, square, [1, 2, 3], tmp_path, glance=lambda: looks.append(1)) == {
        0: 1,
        1: 4,
        2: 9,
    }
    assert looks
    assert results(config, die_once, [str(tmp_path / "mark")], tmp_path) == {0: "was here"}
    with pytest.raises(LaunchError, match="worker 0 failed"):
        results(config, die_once, [str(tmp_path / "other")], tmp_path, retries=0)


def test_fault_is_told_in_its_own_words(config, tmp_path):
    with pytest.raises(LaunchError, match="7 is no picture"):
        results(config, refuse, [7], tmp_path)


def test_what_is_not_needed_is_stopped(config, tmp_path):
    if config.engine == slurm.CLUSTER:
        pytest.xfail("submitit has jobs ignore SIGTERM, so that Slurm kills them half a minute on")
    mark, stopped = tmp_path / "mark", tmp_path / "stopped"
    started = time.monotonic()
    assert results(config, wait_for_ever, [str(mark)], tmp_path, enough=mark.exists) == {}
    while not stopped.exists():
        assert time.monotonic() - started < FOR_EVER
        time.sleep(0.1)


def test_slurm_is_refused_where_nothing_can_be_submitted(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LaunchError, match="needs sbatch"):
        results(LaunchConfig(engine="slurm"), square, [1], tmp_path)


def test_no_cluster_says_how_to_start_one(tmp_path):
    config = LaunchConfig(engine="ray", ray_address="127.0.0.1:9")
    with pytest.raises(LaunchError, match=r"no cluster at 127\.0\.0\.1:9.*ray start --head"):
        results(config, square, [1], tmp_path)
