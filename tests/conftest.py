"""Fixtures shared by all tests, and the order in which files are given to workers."""

import gc
import os
import signal
from multiprocessing import forkserver

import pytest
from xdist.scheduler import LoadFileScheduling

# To look for garbage takes a fifth of the time of importing all that tests import.
gc.disable()

pytest_plugins = [
    "tests.mlflow_server",
    "tests.outages",
    "tests.postgres",
    "tests.preloaded_path",
    "tests.ray_cluster",
    "tests.s3",
    "tests.slurm_cluster",
    "tests.readme",
]

# A shell lets what it starts with & ignore Ctrl-C; the processes that tests start must not.
signal.signal(signal.SIGINT, signal.default_int_handler)

ON_RAY = ("tests/launching/test_engines.py", "tests/jobs/test_shards.py")
ON_RAY += ("tests/tuning/test_cluster.py",)
"""Files of tests that share a Ray cluster, which takes six seconds' work to start."""
LONGEST = (
    "test_judge.py",  # compiles, for all processes, what numba then takes from the disk
    *("test_engines.py", "test_readme.py", "test_tune_on_clusters.py", "test_reproduce.py"),
    *("test_tune.py", "test_dashboard_in_chromium.py", "test_demo.py"),
    *("test_outages.py", "test_fill.py", "test_resume.py", "test_work.py"),
    *("test_mlflow_run.py", "test_server_job.py", "test_superpixels_job.py"),
    *("test_served_model.py", "test_parallel.py", "test_locale.py"),
)


def pytest_collection_finish():
    """What was imported is no garbage, and what a test leaves is soon looked for often enough."""
    gc.freeze()
    gc.set_threshold(10_000)
    gc.enable()


@pytest.fixture(scope="session", autouse=True)
def preloaded(no_spool_of_the_user):
    """Where all tests run, what programs are forked from is there before seglab starts its own."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        forkserver.ensure_running()


class FilesToWorkers(LoadFileScheduling):
    """Gives a worker whole files, and one worker those that share a cluster."""

    def _split_scope(self, nodeid):
        file = super()._split_scope(nodeid)
        return "on Ray" if file in ON_RAY else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Which worker is given which tests."""
    return FilesToWorkers(config, log)


def pytest_collection_modifyitems(items):
    """Puts the longest files first, so that two workers end together."""
    rank = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.path.name, len(LONGEST)))
