"""The engine of a Slurm cluster: an array of jobs on storage that all machines share."""

import math
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import submitit
from submitit.core.utils import FailedJobError, UncompletedJobError

from seglab.errors import LaunchError, SeglabError
from seglab.launching.crew import GLANCE, STOPPING, Crew, Watch, Work, failure
from seglab.reasons import first_line
from seglab.tracking.signals import Terminated, stop_signals

CLUSTER = "slurm"
"""What submitit starts jobs by."""
LOOK = 5.0
"""Seconds between two looks at Slurm's queue; a job that is not there twice, without a result, is
lost."""
MINUTES = 24 * 60
"""Time limit of a job; SBATCH_TIMELIMIT overrides it."""
ENDING = signal.Signals[f"SIG{submitit.JobEnvironment.USR_SIG}"]
"""What submitit has Slurm send a job 90 s before its time is up."""
WORTH = 600
"""Seconds that a job has to last for its time limit to be in order."""


@dataclass(frozen=True)
class Refusal:
    """What comes of an item whose work raised a fault that seglab words."""

    reason: str


@dataclass(frozen=True)
class OutOfTime:
    """What comes of an item whose job reached its time limit."""


@dataclass(frozen=True)
class Guarded:
    """Work whose faults come back in their own words, and that heeds what Slurm tells it."""

    work: Work

    def __call__(self, item: Any) -> Any:
        """What comes of the item."""
        ending = False

        def end(*_: Any) -> None:
            nonlocal ending
            ending = True
            signal.raise_signal(signal.SIGTERM)

        signal.signal(ENDING, end)
        try:
            with stop_signals():  # submitit has jobs ignore SIGTERM
                return self.work(item)
        except Terminated:
            if ending:
                return OutOfTime()
            raise
        except SeglabError as fault:
            return Refusal(str(fault))


def launch_on_slurm(work: Work, items: Sequence[Any], crew: Crew, watch: Watch) -> None:
    """See ``launch``; items whose job was killed, or timed out, are submitted again."""
    if CLUSTER == "slurm" and not shutil.which("sbatch"):
        raise LaunchError(
            "--engine=slurm needs sbatch, which is not on this machine: give the command where "
            "jobs are submitted, or take another --engine"
        )
    own = f"slurm-{os.getuid()}"  # for others may work on the same study
    executor = submitit.AutoExecutor(private(crew.folder / own), CLUSTER)
    gpus = math.ceil(crew.gpus) if crew.gpus and has_gpus() else 0
    executor.update_parameters(
        name="seglab",
        timeout_min=MINUTES,
        slurm_array_parallelism=crew.workers,
        **({"gpus_per_node": gpus} if gpus else {}),
    )
    guarded = Guarded(work)
    with submission():
        array = executor.map_array(guarded, items)
    posted = {index: Posted(job) for index, job in enumerate(array)}
    looked = time.monotonic()
    try:
        while posted and not watch.enough():
            time.sleep(GLANCE)
            watch.glance()
            if time.monotonic() - looked > LOOK:
                looked = time.monotonic()
                miss(list(posted.values()))
            for index, each in list(posted.items()):
                gone = each.missed > 1  # asked before the result is looked for
                if each.job.paths.result_pickle.exists():
                    result = result_of(each.job, index)
                    if not isinstance(result, OutOfTime):
                        del posted[index]
                        watch.ended(index, result)
                        continue
                    each.lost += time.monotonic() - each.since < WORTH
                elif gone:
                    each.lost += 1
                else:
                    continue
                if each.lost > crew.retries:
                    said = "its job was killed, or out of time, too often"
                    raise failure(index, said, str(each.job.paths.stderr))
                with submission():
                    again = executor.submit(guarded, items[index])
                posted[index] = Posted(again, each.lost)
    finally:
        stop([each.job for each in posted.values()])


def private(folder: Path) -> Path:
    """``folder``, made for this user alone: what jobs are told may hold a database's password."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    return folder


@dataclass
class Posted:
    """An item in Slurm's hands."""

    job: submitit.Job[Any]
    lost: int = 0
    """Times that a job of this item was lost."""
    missed: int = 0
    """Looks at the queue that did not find the job."""
    since: float = field(default_factory=time.monotonic)


def miss(posted: Sequence[Posted]) -> None:
    """Notes which jobs are not in the queue."""
    there = alive([each.job for each in posted])
    for each in posted:
        each.missed += there is not None and each.job.job_id not in there


@contextmanager
def submission() -> Iterator[None]:
    """Within, jobs are submitted; raises ``LaunchError`` if Slurm does not take them."""
    try:
        yield
    except FailedJobError as fault:
        raise LaunchError(
            f"Slurm does not take the jobs: {first_line(fault)}. The usual SBATCH_… variables name "
            "partition, account and time limit"
        ) from fault


def result_of(job: submitit.Job[Any], index: int) -> Any:
    """What a job came to; raises ``LaunchError`` if it failed."""
    try:
        result = job.result()
    except UncompletedJobError as fault:
        raise failure(index, "it raised an exception", str(job.paths.stderr)) from fault
    if isinstance(result, Refusal):
        raise failure(index, result.reason, str(job.paths.stderr))
    return result


def stop(jobs: list[submitit.Job[Any]]) -> None:
    """Cancels jobs, which get a SIGTERM, and waits until they have ended."""
    for job in jobs:
        job.cancel(check=False)
    until = time.monotonic() + STOPPING
    while jobs and time.monotonic() < until:
        there = alive(jobs)
        jobs = [job for job in jobs if there is None or job.job_id in there]
        time.sleep(GLANCE)


def alive(jobs: list[submitit.Job[Any]]) -> set[str] | None:
    """Ids of the jobs that have not ended; None if Slurm does not answer.

    submitit asks Slurm's accounting, which not every cluster keeps.
    """
    if CLUSTER != "slurm":
        return {job.job_id for job in jobs if not job.done()}
    said = subprocess.run(
        ["squeue", "--me", "-h", "-r", "-o", "%i"], capture_output=True, text=True, check=False
    )
    return None if said.returncode else set(said.stdout.split())


def has_gpus() -> bool:
    """Whether any machine of the cluster has GPUs."""
    if not shutil.which("sinfo"):
        return False
    said = subprocess.run(["sinfo", "-h", "-o", "%G"], capture_output=True, text=True, check=False)
    return "gpu" in said.stdout
