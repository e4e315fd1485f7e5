"""SIGTERM as an exception, so that a run that is stopped from outside still ends properly."""

import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import psutil

from seglab.tracking.process import is_mlflow_run

PR_SET_PDEATHSIG = 1
"""prctl's option "send me a signal when my parent dies" (linux/prctl.h)."""


class Terminated(SystemExit):
    """SIGTERM arrived; the process exits with 143, which is 128 + 15."""

    status = 128 + signal.SIGTERM

    def __init__(self) -> None:
        super().__init__(self.status)


class Stop:
    """What is known of stops."""

    heeded = False
    """Whether one was asked for already."""
    unraised: type[BaseException] | None = None
    """What a stop raises that came while none was to break in; after Ctrl-C, that."""


@contextmanager
def stop_signals() -> Iterator[Stop]:
    """Within, SIGTERM raises ``Terminated``, once.

    The first stop, SIGTERM or Ctrl-C, is the one that counts: a SIGTERM after it is ignored,
    because ``mlflow run`` answers Ctrl-C by sending its child, which got the Ctrl-C as well, a
    SIGTERM into the middle of its cleaning up. Setting ``heeded`` on the result has SIGTERM raise
    nothing from there on. Outside the main thread, where Python handles no signals, nothing is
    changed.
    """
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    owner = os.getpid()

    def terminate(number: int, frame: FrameType | None) -> None:
        if os.getpid() != owner:
            # A forked loader worker inherits the handler, but has no run to end.
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.raise_signal(signal.SIGTERM)
        if stop.heeded:
            stop.unraised = stop.unraised or Terminated
        else:
            stop.heeded = True
            raise Terminated

    def interrupt(number: int, frame: FrameType | None) -> None:
        stop.heeded = True
        stop.unraised = KeyboardInterrupt
        raise KeyboardInterrupt

    before = {
        signal.SIGTERM: signal.signal(signal.SIGTERM, terminate),
        signal.SIGINT: signal.signal(signal.SIGINT, interrupt),
    }
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)


def stop_with_parent() -> None:
    """Has Linux send this process SIGTERM when its parent dies; elsewhere nothing is changed.

    ``mlflow run`` does not pass a SIGTERM on: killed alone, it would leave its child computing and
    the run in status RUNNING.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)


def dismiss_parent() -> None:
    """Ends ``mlflow run``, if that is the parent, before it can overwrite the status KILLED.

    However its child ends, ``mlflow run`` then sets the run FAILED, unless a second SIGINT
    interrupts it while it waits for the child after a first one. So it gets them until it is gone,
    and ends as after any Ctrl-C, with "Aborted!" and exit code 1.
    """
    if sys.platform == "win32":
        return
    parent = os.getppid()
    try:
        if not is_mlflow_run(psutil.Process(parent)):
            return
    except psutil.Error:
        return
    for _ in range(50):
        if os.getppid() != parent:
            return
        os.kill(parent, signal.SIGINT)
        time.sleep(0.1)
