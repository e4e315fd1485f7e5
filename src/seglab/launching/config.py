"""Where work is carried out; light to import, so that ``--help`` stays fast."""

from dataclasses import dataclass
from typing import Literal

Engine = Literal["local", "ray", "slurm"]


@dataclass(frozen=True, kw_only=True)
class LaunchConfig:
    """Who starts the workers of a job."""

    engine: Engine = "local"
    """Who starts the workers: local (this machine), ray (a Ray cluster: a GPU each where it has
    any) or slurm (an array of jobs; the usual SBATCH_… variables name partition and time limit)."""
    ray_address: str = ""
    """Address of the Ray cluster, host:port; empty is RAY_ADDRESS, or the cluster that this machine
    belongs to."""

    def launch_faults(self) -> list[str]:
        """What is wrong with the values, each in words that name the flag."""
        if self.ray_address and self.engine != "ray":
            return [f"--ray_address={self.ray_address} is of use with --engine=ray alone"]
        return []
