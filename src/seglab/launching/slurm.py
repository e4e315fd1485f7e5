"""The engine of a Slurm cluster: an array of jobs on storage that all machines share."""

import math
import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import submitit
from submitit.core.utils import FailedJobError, UncompletedJobError

from seglab.errors import LaunchError, SeglabError
from seglab.launching.crew import GLANCE, Crew, Watch, Work, failure

CLUSTER = "slurm"
"""What submitit starts jobs by."""
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
    try:
        while jobs and not watch.enough():
            time.sleep(GLANCE)
            watch.glance()
            for index, job in [(index, job) for index, job in jobs.items() if job.done()]:
                try:
                    result = job.result()
                except UncompletedJobError as fault:
                    raised = isinstance(fault, FailedJobError)
                    if raised or lost[index] == crew.retries:
                        said = "it raised an exception" if raised else "its job was killed"
                        raise failure(index, said, str(job.paths.stderr)) from fault
                    lost[index] += 1
                    jobs[index] = executor.submit(guarded, items[index])
                else:
                    if isinstance(result, Refusal):
                        raise failure(index, result.reason, str(job.paths.stderr))
                    del jobs[index]
                    watch.ended(index, result)
    finally:
        for job in jobs.values():
            job.cancel(check=False)


def has_gpus() -> bool:
    """Whether any machine of the cluster has GPUs."""
    if not shutil.which("sinfo"):
        return False
    said = subprocess.run(["sinfo", "-h", "-o", "%G"], capture_output=True, text=True, check=False)
    return "gpu" in said.stdout
