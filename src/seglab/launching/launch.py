"""The one door to all engines."""

from collections.abc import Sequence
from typing import Any

from seglab.launching.config import LaunchConfig
from seglab.launching.crew import Crew, Watch, Work


def launch(
    config: LaunchConfig, work: Work, items: Sequence[Any], crew: Crew, watch: Watch
) -> None:
    """Has ``work`` done with every item, by the engine that ``config`` names.

    An item whose worker is killed, or whose machine is lost, is given to another worker. Raises
    ``LaunchError`` when ``work`` fails, after the other workers were stopped; so does Ctrl-C stop
    them, as Ctrl-C or SIGTERM to each.
    """
    if config.engine == "ray":
        from seglab.launching.cluster import launch_on_ray

        launch_on_ray(config.ray_address, work, items, crew, watch)
    elif config.engine == "slurm":
        from seglab.launching.slurm import launch_on_slurm

        launch_on_slurm(work, items, crew, watch)
    else:
        from seglab.launching.local import launch_here

        launch_here(work, items, crew, watch)
