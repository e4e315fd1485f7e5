"""Work spread over processes that end when they should: with their parent, and on Ctrl-C."""

import gc
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from itertools import islice
from multiprocessing import get_context, parent_process, resource_tracker
from typing import Any, TypeVar

from seglab.errors import SeglabError

Item = TypeVar("Item")
Result = TypeVar("Result")

AHEAD = 4
"""Items handed out a process before results are waited for."""

CONTEXT = get_context("forkserver") if sys.platform == "linux" else get_context("spawn")
"""How processes start: never forked from this one, which may have threads, and could hang.

Linux forks them from a process of its own, which the first of them has started, and which has
imported what they need, but done nothing: importing takes seconds, once for all. As these never
hear Ctrl-C, nor do others that a user of this library forks from it.
"""

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
    import_for_all(work.__module__)
    given = (work, dict(os.environ))
    with ProcessPoolExecutor(processes, CONTEXT, _begin, given) as pool:
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


def import_for_all(*modules: str) -> None:
    """Has the process that others are forked from import these, unless it is there already."""
    CONTEXT.set_forkserver_preload(["seglab.data.unswept", *modules])


@contextmanager
def deaf_children() -> Iterator[None]:
    """Within, processes start that never hear Ctrl-C, not even before their first line runs.

    A terminal sends it to them too, but it is for their parent to end them.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # multiprocessing's, whose start would unblock Ctrl-C
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def begin(environment: Mapping[str, str], when_parent_ends: Callable[[], None]) -> None:
    """The first thing that a process does.

    The one it was forked from has the environment of the first that was forked from it.
    """
    gc.enable()
    gc.freeze()  # what was imported is no garbage, and memory of all while nobody looks at it
    os.environ.clear()
    os.environ.update(environment)
    watch = threading.Thread(target=_watch_parent, args=[when_parent_ends], daemon=True)
    watch.start()


def _watch_parent(then: Callable[[], None]) -> None:
    parent = parent_process()
    assert parent is not None
    parent.join()
    then()


def _begin(work: Any, environment: Mapping[str, str]) -> None:
    """Gives a new process its work, and sees to it that it does not outlive its parent."""
    global _work
    _work = work
    begin(environment, partial(os._exit, 1))


def _do(item: Any) -> Any:
    return _work(item)
