"""Processes of this machine: what they are given, and that none outlives who launched it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from seglab.data.processes import processors
from seglab.errors import LaunchError
from seglab.launching.crew import Crew, Watch
from seglab.launching.local import launch_here
from tests.launching.work import die_once, say_and_die_once, surroundings

ROOT = Path(__file__).parents[2]
LAUNCH = "from tests.launching.work import keep_one_waiting as go; go({place!r})"


@pytest.mark.parametrize(("workers", "home"), [(1, "first"), (2, "second")])
def test_workers_have_the_environment_of_their_launch(workers, home, tmp_path, monkeypatch):
    """Also those of the second launch of a process."""
    monkeypatch.setenv("HOME", home)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,5")
    monkeypatch.delenv("OMP_NUM_THREADS")
    found = {}
    crew = Crew(workers, tmp_path)
    launch_here(surroundings, range(workers), crew, Watch(ended=found.__setitem__))
    threads = max(1, processors() // workers)
    assert found == {index: (home, "35"[index], threads) for index in range(workers)}


def test_a_killed_worker_is_not_blamed_for_what_an_earlier_job_printed(tmp_path):
    log, mark = tmp_path / "worker-0.log", tmp_path / "mark"
    log.write_text("seglab: last year's fault\n")
    crew = Crew(1, tmp_path, retries=0)
    with pytest.raises(LaunchError, match="exit code -9, it printed nothing; see"):
        launch_here(die_once, [str(mark)], crew, Watch())


def test_a_worker_that_takes_the_place_of_a_killed_one_keeps_what_that_printed(tmp_path):
    launch_here(say_and_die_once, [str(tmp_path / "mark")], Crew(1, tmp_path), Watch())
    assert (tmp_path / "worker-0.log").read_text().splitlines() == ["at work"] * 2


@pytest.fixture
def launcher(tmp_path):
    """A process that has launched a worker, which is at work."""
    mark = tmp_path / "mark"
    process = subprocess.Popen(
        [sys.executable, "-c", LAUNCH.format(place=str(mark))],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])},
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while not mark.exists():
        assert process.poll() is None
        time.sleep(0.01)
    yield process
    process.kill()
    process.wait()


def test_a_worker_is_stopped_when_its_launcher_is_killed(launcher, tmp_path):
    launcher.kill()
    until = time.monotonic() + 20
    while not (tmp_path / "stopped").exists():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_ctrl_c_is_for_the_launcher_to_hear(launcher, tmp_path):
    os.killpg(launcher.pid, signal.SIGINT)  # as a terminal does
    assert launcher.wait(20) != 0
    assert (tmp_path / "stopped").exists()
    assert "KeyboardInterrupt" not in (tmp_path / "log" / "worker-0.log").read_text()
