"""What every engine is told, and what it is asked to do."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seglab.errors import LaunchError

GLANCE = 1.0
"""Seconds between two looks at what the workers did."""
STOPPING = 60
"""Seconds that workers of a cluster have to stop: a step in hand, and a checkpoint."""

Work = Callable[[Any], Any]
"""What a worker does with one item. It can be pickled, and so can item and result."""


@dataclass(frozen=True)
class Crew:
    """The workers of a job."""

    workers: int
    """Items in hand at once."""
    folder: Path
    """Where they leave what they print."""
    retries: int = 2
    """Times that an item whose worker was killed is given to another one."""
    gpus: float = 1.0
    """GPUs a worker takes where there are any; 0.5 has two share one."""


@dataclass(frozen=True)
class Watch:
    """How whoever launches follows the work."""

    ended: Callable[[int, Any], None] = lambda index, result: None
    """Is told the place of each item that is done, and its result."""
    glance: Callable[[], None] = lambda: None
    """Is called every ``GLANCE`` seconds."""
    enough: Callable[[], bool] = lambda: False
    """Whether the rest, which may wait for a machine for ever, is not needed any more."""


def failure(index: int, fault: str, where: str) -> LaunchError:
    """What is raised when a worker fails."""
    return LaunchError(
        f"worker {index} failed: {fault}; see {where}, then run the same command again to go on"
    )
