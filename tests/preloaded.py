"""Programs that start at once, in processes forked from one that has imported what they need.

To import torch and MLflow takes a processor seven seconds, and tests start programs by the dozen.
In all else such a process is one of its own, as a shell makes it: with its environment, folder and
streams, signals that it hears or dies of, and an exit code. Programs that start from nothing are
tried too, by all that names ``sys.executable`` and by ``make demo``.
"""

import gc
import multiprocessing
import os
import runpy
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

FORKED = multiprocessing.get_context("forkserver")
FORKED.set_forkserver_preload(
    [
        "seglab.data.unswept",
        *(f"seglab.jobs.{name}" for name in ("reproduce", "saliency", "targets", "tune")),
        # Of these MLflow's server asks first whether it is there, to know what it is.
        *("uvicorn", "mlflow.server.fastapi_app"),
        *("mlflow.cli", "mlflow.pyfunc", "mlflow.store.tracking.sqlalchemy_store"),
        # All that is imported where it is needed first.
        *("torch._dynamo", "git", "sqlalchemy.dialects.sqlite", "psycopg", "tyro"),
        *("optuna.visualization", "matplotlib.backends.backend_agg"),
        "tests.digested",
    ]
)
STREAMS = ("output", "errors")


def fork(function, *arguments, environment=None):
    """A process, not yet started, that is to call ``function`` in this or another environment."""
    given = os.environ if environment is None else environment
    return FORKED.Process(target=begin, args=(dict(given), function, arguments))


def begin(environment, function, arguments):
    """The life of a forked process."""
    from seglab.tracking.store import DEFAULTS  # two seconds, here alone already paid

    gc.enable()
    gc.freeze()
    # Blocked where seglab started what this is forked from, for workers of its own.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    os.environ.clear()
    os.environ.update(DEFAULTS | environment)  # as importing seglab.tracking would
    multiprocessing.set_start_method(None, force=True)  # its own processes start as ever
    function(*arguments)


class Program:
    """A running ``python -m module words…``; tests use it as they would ``subprocess.Popen``."""

    def __init__(self, module, words, folder, environment):
        self._said = Path(tempfile.mkdtemp(prefix=f"{module}-"))
        self._process = fork(be, module, words, folder, self._said, environment=environment)
        self._process.start()

    @property
    def errors(self):
        """The file of what it has written to its errors."""
        return self._said / "errors"

    @property
    def pid(self):
        """The number of its process."""
        return self._process.pid

    @property
    def returncode(self):
        """None while it runs; minus the number of the signal that it died of."""
        return self._process.exitcode

    def poll(self):
        """The return code."""
        return self.returncode

    def send_signal(self, number):
        """As another process would."""
        os.kill(self._process.pid, number)

    def communicate(self, timeout=None):
        """What it wrote to its output and to its errors, after its end, within so many seconds."""
        self._process.join(timeout)
        if self.poll() is None:
            raise subprocess.TimeoutExpired(self._process.name, timeout)
        said = [(self._said / name).read_text(encoding="utf-8") for name in STREAMS]
        shutil.rmtree(self._said)
        return said


def be(module, words, folder, said):
    """The life of a program, in its process."""
    streams = [os.open(said / name, os.O_WRONLY | os.O_CREAT) for name in STREAMS]
    run_module(module, words, folder, [0, *streams])


def run_module(module, words, folder, streams):
    """Does what ``python -m module words…`` does in a folder, with these files as its streams."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    # Not those that were opened on the streams of the process it was forked from.
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, errors="backslashreplace", closefd=False)
    os.chdir(folder)
    sys.argv = [module, *words]
    sys.path.insert(0, str(folder))
    runpy.run_module(module, run_name="__main__", alter_sys=True)
