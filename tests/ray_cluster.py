"""A real Ray cluster for tests; tests add machines with GPUs, which are logical."""

import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

ROOT = Path(__file__).parents[1]
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"


@pytest.fixture(scope="session")
def ray_cluster() -> Iterator[Any]:
    """A cluster; ``add_node`` and ``remove_node`` change it, and all its processes end by id."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from ray.cluster_utils import Cluster

    # Workers know nothing of pytest's own paths.
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    before = set(psutil.Process().children(recursive=True))
    head = {"num_cpus": 1, "num_gpus": 0, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    try:
        yield cluster
    finally:
        started = set(psutil.Process().children(recursive=True)) - before
        cluster.shutdown()
        for process in started:
            if process.is_running():
                process.kill()
        psutil.wait_procs(started, timeout=30)
