import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from seglab.data.processes import spread
from seglab.errors import DataError, SeglabError

PROGRAM = Path(__file__).with_name("slow_spread.py")


def square_and_pid(number):
    return number * number, os.getpid()


def fault_of_three(number):
    if number == 3:
        raise DataError("three is damaged")
    return number


def die_of_three(number):
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)


def test_results_come_in_order_from_other_processes():
    results = list(spread(square_and_pid, range(30), 2))
    assert [square for square, _ in results] == [number**2 for number in range(30)]
    workers = {pid for _, pid in results}
    assert 1 <= len(workers) <= 2
    assert os.getpid() not in workers


@pytest.mark.parametrize(("items", "processes"), [(range(5), 1), ([7], 4), ([], 4)])
def test_no_process_is_started_without_need(items, processes):
    results = list(spread(square_and_pid, items, processes))
    assert results == [(number**2, os.getpid()) for number in items]


@pytest.mark.parametrize("processes", [1, 2])
def test_what_work_raises_is_raised_here(processes):
    with pytest.raises(DataError, match="three is damaged"):
        list(spread(fault_of_three, range(50), processes))


def test_a_process_that_dies_is_told_with_what_to_do():
    with pytest.raises(SeglabError, match=r"was killed, perhaps because memory ran out.*--workers"):
        list(spread(die_of_three, range(50), 2))


@pytest.fixture
def running(tmp_path):
    """The program with its two workers, once both have worked, and their folder."""
    process = subprocess.Popen(
        [sys.executable, str(PROGRAM), str(tmp_path)],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while len({path.name.split("-")[0] for path in tmp_path.iterdir()}) < 2:
        assert process.poll() is None
        time.sleep(0.01)
    workers = [psutil.Process(int(path.name.split("-")[0])) for path in tmp_path.iterdir()]
    yield process, workers, tmp_path
    process.kill()
    process.communicate()


def test_workers_end_when_their_parent_is_killed(running):
    process, workers, _ = running
    process.kill()
    process.wait()
    _, alive = psutil.wait_procs(workers, timeout=20)
    assert not alive


def test_ctrl_c_ends_all_after_the_items_in_hand_and_only_the_parent_speaks(running):
    process, workers, folder = running
    before = len(list(folder.iterdir()))
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    _, errors = process.communicate(timeout=20)
    assert process.returncode != 0
    assert errors.count("Traceback") == 1
    assert errors.rstrip().endswith("KeyboardInterrupt")
    assert not any(worker.is_running() for worker in workers)
    assert len(list(folder.iterdir())) < before + 100


@pytest.mark.parametrize("started", [2, 3, 4])
def test_ctrl_c_while_workers_start_is_theirs_to_ignore(tmp_path, started):
    """A resource tracker, the process that workers are forked from, and two workers."""
    process = subprocess.Popen(
        [sys.executable, str(PROGRAM), str(tmp_path)],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while len(psutil.Process(process.pid).children(recursive=True)) < started:
        assert process.poll() is None
        time.sleep(0.002)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert errors.count("Traceback") == 1
    assert errors.rstrip().endswith("KeyboardInterrupt")
