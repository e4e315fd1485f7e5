"""The engine of a Slurm cluster: an array of jobs on storage that all machines share."""

import math
import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import submitit
from submitit.core.utils import UncompletedJobError

from seglab.errors import LaunchError, SeglabError
from seglab.launching.crew import GLANCE, Crew, Watch, Work, failure

CLUSTER = "slurm"
"""What submitit starts jobs by."""
LOOK = 5.0
"""Seconds between two looks at Slurm's queue; a job that is not there twice, without a result, is
lost."""
MINUTES = 24 * 60
"""Time limit of a job; SBATCH_TIMELIMIT overrides it."""


@dataclass(frozen=True)
class Refusal:
    """What comes of an item whose work raised a fault that seglab words."""

    reason: str


@dataclass(frozen=True)
class Guarded:
    """Work whose faults come back in their own words."""

    work: Work

    def __call__(self, item: Any) -> Any:
        """What comes of the item."""
        try:
            return self.work(item)
        except SeglabError as fault:
            return Refusal(str(fault))


def launch_on_slurm(work: Work, items: Sequence[Any], crew: Crew, watch: Watch) -> None:
    """See ``launch``; items whose job was killed, or timed out, are submitted again."""
    if CLUSTER == "slurm" and not shutil.which("sbatch"):
        raise LaunchError(
            "--engine=slurm needs sbatch, which is not on this machine: give the command where "
            "jobs are submitted, or take another --engine"
        )
    executor = submitit.AutoExecutor(crew.folder / "slurm", CLUSTER)
    gpus = math.ceil(crew.gpus) if crew.gpus and has_gpus() else 0
    executor.update_parameters(
        name="seglab",
        timeout_min=MINUTES,
        slurm_array_parallelism=crew.workers,
        **({"gpus_per_node": gpus} if gpus else {}),
    )
    lost = [0] * len(items)
    guarded = Guarded(work)
    jobs = dict(enumerate(executor.map_array(guarded, items)))
    missed = [0] * len(items)
    looked = time.monotonic()
    try:
        while jobs and not watch.enough():
            time.sleep(GLANCE)
            watch.glance()
            if time.monotonic() - looked > LOOK:
                looked = time.monotonic()
                known = queued()
                for index, job in jobs.items():
                    missed[index] += known is not None and job.job_id not in known
            for index, job in list(jobs.items()):
                over = missed[index] > 1 or job.done()  # asked before the result is looked for
                if job.paths.result_pickle.exists():
                    del jobs[index]
                    watch.ended(index, result_of(job, index))
                elif over:
                    if lost[index] == crew.retries:
                        raise failure(index, "its job was killed", str(job.paths.stderr))
                    lost[index] += 1
                    missed[index] = 0
                    jobs[index] = executor.submit(guarded, items[index])
    finally:
        for job in jobs.values():
            job.cancel(check=False)


def result_of(job: submitit.Job[Any], index: int) -> Any:
    """What a job came to; raises ``LaunchError`` if it failed."""
    try:
        result = job.result()
    except UncompletedJobError as fault:
        raise failure(index, "it raised an exception", str(job.paths.stderr)) from fault
    if isinstance(result, Refusal):
        raise failure(index, result.reason, str(job.paths.stderr))
    return result


def queued() -> set[str] | None:
    """Ids of the jobs that Slurm still has; None if it does not answer.

    submitit asks Slurm's accounting, which not every cluster keeps.
    """
    if CLUSTER != "slurm":
        return None
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
