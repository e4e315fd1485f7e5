"""Each engine in turn: processes, a Ray cluster, and Slurm.

Where Slurm is not installed, submitit's own local executor stands in: the array, its results and
what becomes of killed jobs are the same code, with processes of this machine for jobs.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from seglab.errors import LaunchError
from seglab.launching import slurm
from seglab.launching.cluster import connected
from seglab.launching.config import LaunchConfig
from seglab.launching.crew import Crew, Watch
from seglab.launching.launch import launch
from tests.launching.work import die_once, refuse, square, wait_for_ever

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
    monkeypatch.setattr(slurm, "LOOK", 0.5)
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
    mark, stopped = tmp_path / "mark", tmp_path / "stopped"
    assert results(config, wait_for_ever, [str(mark)], tmp_path, enough=mark.exists) == {}
    assert stopped.exists()


@pytest.mark.parametrize("config", ["real slurm"], indirect=True)
def test_job_out_of_time_is_submitted_again(config, tmp_path, monkeypatch):
    """Slurm's notice that the time is up is sent by hand: its shortest limit is a minute."""
    mark, stopped = tmp_path / "mark", tmp_path / "stopped"

    def end():
        if mark.exists() and not stopped.exists():
            subprocess.run(["scancel", "--signal=USR2", "--name=seglab", "--state=R"], check=True)

    given = {"glance": end, "enough": lambda: stopped.exists() and mark.read_text() == "again"}
    monkeypatch.setattr(slurm, "WORTH", 0)
    assert results(config, wait_for_ever, [str(mark)], tmp_path, retries=0, **given) == {}
    stopped.unlink()
    mark.unlink()
    monkeypatch.setattr(slurm, "WORTH", 600)
    with pytest.raises(LaunchError, match="out of time, too often"):
        results(config, wait_for_ever, [str(mark)], tmp_path, retries=0, **given)


@pytest.mark.parametrize("config", ["slurm"], indirect=True)
def test_what_jobs_are_told_is_for_this_user_alone(config, tmp_path):
    """It may hold a database's password."""
    folder = tmp_path / "log" / f"slurm-{os.getuid()}"
    folder.mkdir(parents=True, mode=0o755)
    results(config, square, [1], tmp_path)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert list(folder.glob("*.pkl"))


@pytest.mark.parametrize("config", ["real slurm"], indirect=True)
def test_what_slurm_does_not_take_is_told(config, tmp_path, monkeypatch):
    monkeypatch.setenv("SBATCH_PARTITION", "nowhere")
    with pytest.raises(LaunchError, match=r"Slurm does not take the jobs: .*partition"):
        results(config, square, [1], tmp_path)


def test_slurm_is_refused_where_nothing_can_be_submitted(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LaunchError, match="needs sbatch"):
        results(LaunchConfig(engine="slurm"), square, [1], tmp_path)


def test_no_cluster_says_how_to_start_one(tmp_path):
    config = LaunchConfig(engine="ray", ray_address="127.0.0.1:9")
    with pytest.raises(LaunchError, match=r"no cluster at 127\.0\.0\.1:9.*ray start --head"):
        results(config, square, [1], tmp_path)


STRANGERS = {
    "no token": {},
    "another token": {"RAY_AUTH_TOKEN": "0" * 64},
    "no token mode": {"RAY_AUTH_MODE": "disabled"},
}
REMEDIES = {"no token": "finds no token of Ray's on this machine: `ray get-auth-token --generate`"}
REMEDY = "with the same ~/.ray/auth_token on every machine"


def test_strangers_are_refused_by_ray_and_told_the_remedy(ray_cluster, tmp_path):
    """Each is a process of its own: Ray reads its token once."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("RAY_AUTH")}
    kept |= {"HOME": str(tmp_path), "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
    program = [sys.executable, "-m", "tests.launching.visitor", ray_cluster.address]
    visitors = {
        stranger: subprocess.Popen(program, env=kept | given, stderr=subprocess.PIPE, text=True)
        for stranger, given in STRANGERS.items()
    }
    for stranger, process in visitors.items():
        _, errors = process.communicate()
        assert process.returncode == 1, errors
        assert REMEDIES.get(stranger, REMEDY) in errors, stranger
        assert "Traceback" not in errors
