"""Servers as users start them."""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.mlflow_server import wait_for


@contextmanager
def serving(
    command: Sequence[str], health: str, environment: Mapping[str, str]
) -> Iterator[tuple[psutil.Process, float]]:
    """The process of ``command`` and the seconds until its address ``health`` answered.

    It runs beside no variables of MLflow but those of ``environment``; on leaving it is killed, and
    what it started too.
    """
    clean = {name: text for name, text in os.environ.items() if not name.startswith("MLFLOW_")}
    clean["PYTHONPATH"] = os.pathsep.join([str(Path.cwd() / "src"), str(Path.cwd())])
    with tempfile.TemporaryDirectory() as scratch, Path(scratch, "log").open("wb") as log:
        started = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=scratch,
            env={**clean, **environment},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            wait_for(lambda: process.poll() is None, health, Path(log.name), patience=300)
            yield psutil.Process(process.pid), time.perf_counter() - started
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
