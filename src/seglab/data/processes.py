"""Work spread over processes that end when they should: with their parent, and on Ctrl-C."""

import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from multiprocessing import get_context, parent_process
from typing import Any, TypeVar

from seglab.errors import SeglabError

Item = TypeVar("Item")
Result = TypeVar("Result")

AHEAD = 4
"""Items handed out a process before results are waited for."""

_work: Any = None
"""In a worker: what it does with each item; sent once, as it may be large."""


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def spread(
    work: Callable[[Item], Result], items: Sequence[Item], processes: int
) -> Iterator[Result]:
    """``work`` of every item, in order; with one process or item, done in this very process.

    ``work`` is pickled once a process, items one by one. An exception of ``work`` is raised here;
    after it, or after Ctrl-C, processes end as soon as the items in hand are done. Raises
    ``SeglabError`` when a process dies.
    """
    processes = min(processes, len(items))
    if processes <= 1:
        yield from map(work, items)
        return
    # Spawned, as a fork of this process, which may have threads, could hang.
    with ProcessPoolExecutor(processes, get_context("spawn"), _begin, (work,)) as pool:
        rest = iter(items)
        try:
            with deaf_children():
                waiting = deque(pool.submit(_do, item) for item in islice(rest, AHEAD * processes))
            while waiting:
                yield waiting.popleft().result()
                waiting.extend(pool.submit(_do, item) for item in islice(rest, 1))
        except BrokenProcessPool as error:
            raise SeglabError(
                f"one of {processes} processes was killed, perhaps because memory ran out; run the "
                "same command again, with fewer --workers if it recurs"
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)


@contextmanager
def deaf_children() -> Iterator[None]:
    """Within, processes start that never hear Ctrl-C, not even before their first line runs.

    A terminal sends it to them too, but it is for their parent to end them.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin(work: Any) -> None:
    """Gives a new process its work, and sees to it that it does not outlive its parent."""
    global _work
    _work = work
    threading.Thread(target=_die_with_parent, daemon=True).start()


def _die_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _do(item: Any) -> Any:
    return _work(item)
