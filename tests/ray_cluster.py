"""A real Ray cluster for tests; tests add machines with GPUs, which are logical."""

import os
import re
import secrets
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

ROOT = Path(__file__).parents[1]
os.environ |= {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_worker_niceness": "0",  # else workers wait for whatever else this machine does
    # Processes that wait for work of another kind than comes, each for three seconds' work.
    "RAY_enable_worker_prestart": "0",
    "RAY_prestart_worker_first_driver": "0",
    "RAY_AUTH_MODE": "token",
    "RAY_AUTH_TOKEN": secrets.token_hex(32),
}


@contextmanager
def running_cluster(processors: int) -> Iterator[Any]:
    """A cluster that strangers cannot use; all its processes end by id."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from ray.cluster_utils import Cluster

    # Workers know nothing of pytest's own paths.
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    before = set(psutil.Process().children(recursive=True))
    head = {"num_cpus": processors, "num_gpus": 0, "include_dashboard": False}
    head |= {"include_log_monitor": False, "no_monitor": True}  # nobody looks, nothing grows
    with tempfile.TemporaryDirectory() as folder:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SEGLAB_CACHE", folder)  # as on machines of their own
            for name in [name for name in os.environ if name.startswith("AWS_")]:
                patch.delenv(name)
            cluster = Cluster(initialize_head=True, head_node_args=head)
        try:
            yield cluster
        finally:
            started = set(filter(is_of_ray, psutil.Process().children(recursive=True))) - before
            cluster.shutdown()
            for process in started:
                if process.is_running():
                    process.kill()
            psutil.wait_procs(started, timeout=30)


def is_of_ray(process: psutil.Process) -> bool:
    """Whether Ray started a process; other tests start some too while a cluster is there."""
    try:
        return re.search(r"\bray\b", " ".join(process.cmdline())) is not None
    except psutil.Error:
        return False  # it has ended


@pytest.fixture(scope="session")
def ray_cluster() -> Iterator[Any]:
    """A cluster; ``add_node`` and ``remove_node`` change it."""
    with running_cluster(1) as cluster:
        yield cluster
