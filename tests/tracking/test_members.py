"""A run that several processes share, some of them on machines that nobody here sees."""

import os
import signal
from collections.abc import Callable, Iterator

import pytest
from mlflow import MlflowClient

from seglab.tracking.lifecycle import Outcome, end, now, reopen
from seglab.tracking.members import members
from seglab.tracking.process import PROCESS, identity
from seglab.tracking.run import start_run
from seglab.tracking.sync import sync

ELSEWHERE = "elsewhere 0123abcd boot 7 8"
FINISHED = Outcome("FINISHED", shared=True, done=True)
KILLED = Outcome("KILLED", "interrupted (SIGINT)", shared=True)
Begin = Callable[[], str]


@pytest.fixture
def begin() -> Iterator[Begin]:
    """Begins processes, and gives their identities; all are killed after the test."""
    begun: list[int] = []

    def process() -> str:
        begun.append(os.fork())
        if begun[-1] == 0:
            signal.pause()
        return identity(begun[-1])

    yield process
    for pid in begun:
        kill(f"a b c {pid} e")


def kill(process: str) -> None:
    pid = int(process.split()[3])
    try:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    except ProcessLookupError:
        pass


def begun_by(process: str) -> str:
    """A run at which a process is at work alone."""
    return str(MlflowClient().create_run("0", tags={PROCESS: process}).info.run_id)


def joined(run_id: str, *processes: str) -> None:
    for process in processes:
        reopen(MlflowClient(), run_id, process, shared=True)


def left(run_id: str, process: str, how: Outcome) -> str:
    """The status of a run after a process has left it."""
    end(MlflowClient(), run_id, how, now(), process)
    return status(run_id)


def status(run_id: str) -> str:
    return str(MlflowClient().get_run(run_id).info.status)


def test_it_ends_with_the_last_whoever_began_it(any_store: str, begin: Begin) -> None:
    first, second, third = begin(), begin(), begin()
    run_id = begun_by(first)
    joined(run_id, second, third)
    assert left(run_id, first, KILLED) == "RUNNING"
    assert left(run_id, third, Outcome("FAILED", "out of memory", shared=True)) == "RUNNING"
    assert left(run_id, second, KILLED) == "KILLED"
    assert members(MlflowClient().get_run(run_id).data.tags) == {}


def test_a_process_that_was_killed_does_not_keep_it_open(sqlite_store: str, begin: Begin) -> None:
    first, second = begin(), begin()
    run_id = begun_by(first)
    joined(run_id, second)
    kill(second)
    assert left(run_id, first, KILLED) == "KILLED"


def test_of_those_elsewhere_it_is_the_one_that_completes_who_ends_it(
    sqlite_store: str, begin: Begin
) -> None:
    first, second = begin(), begin()
    run_id = begun_by(ELSEWHERE)
    joined(run_id, first)
    assert left(run_id, first, KILLED) == "RUNNING"
    joined(run_id, second)
    assert left(run_id, second, FINISHED) == "FINISHED"
    # Stopped while it drew the same results, the other one leaves them as they are.
    assert left(run_id, ELSEWHERE, KILLED) == "FINISHED"


def test_who_worked_on_it_before_it_ended_does_not_count(sqlite_store: str, begin: Begin) -> None:
    run_id = begun_by(ELSEWHERE)
    assert left(run_id, ELSEWHERE, KILLED) == "KILLED"
    process = begin()
    joined(run_id, process)
    assert status(run_id) == "RUNNING"
    assert left(run_id, process, KILLED) == "KILLED"


def test_who_joins_after_mlflow_run_has_ended_it_forgets_nobody_at_work(
    sqlite_store: str, begin: Begin
) -> None:
    founder, second, third = begin(), begin(), begin()
    run_id = begun_by(founder)
    joined(run_id, second)
    assert left(run_id, founder, FINISHED) == "RUNNING"
    MlflowClient().set_terminated(run_id, "FINISHED")  # as `mlflow run` does with a run it made
    joined(run_id, third)
    assert left(run_id, third, KILLED) == "RUNNING"
    assert left(run_id, second, FINISHED) == "FINISHED"


def test_its_end_may_be_delivered_twice(sqlite_store: str, begin: Begin) -> None:
    first, second = begin(), begin()
    run_id = begun_by(first)
    joined(run_id, second)
    assert [left(run_id, first, KILLED) for _ in range(2)] == ["RUNNING"] * 2
    assert [left(run_id, second, FINISHED) for _ in range(2)] == ["FINISHED"] * 2
    assert left(run_id, first, KILLED) == "FINISHED"


def test_sync_ends_it_when_all_its_processes_are_dead(sqlite_store: str, begin: Begin) -> None:
    first, second = begin(), begin()
    run_id = begun_by(first)
    joined(run_id, second)
    for process, then in ((second, "RUNNING"), (first, "KILLED")):
        kill(process)
        sync()
        assert status(run_id) == then


def test_who_has_joined_ends_as_the_job_did(sqlite_store: str, begin: Begin) -> None:
    first = begin()
    run_id = begun_by(first)
    with start_run("r", {}, resume=run_id, shared=True) as run:
        run.done = True
    assert status(run_id) == "RUNNING"
    kill(first)
    with pytest.raises(KeyboardInterrupt), start_run("r", {}, resume=run_id, shared=True):
        raise KeyboardInterrupt
    assert status(run_id) == "KILLED"
