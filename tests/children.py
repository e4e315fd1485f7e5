"""Forked processes, for what ends a process or changes it for good."""

import os
import signal
import traceback
from collections.abc import Callable


def in_child(work: Callable[[], object]) -> int:
    """Exit code of a forked process that does ``work``; negative if a signal ended it."""
    child = os.fork()
    if child == 0:
        code = 70
        try:
            work()
            code = 0
        except Exception:
            traceback.print_exc()
        except SystemExit as end:
            code = int(end.code or 0)
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def die() -> None:
    """kill -9."""
    os.kill(os.getpid(), signal.SIGKILL)
