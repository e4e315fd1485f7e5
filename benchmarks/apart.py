"""A contender in a process of its own."""

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from typing import Any

from benchmarks.measure import wait_for_gpu


@contextmanager
def apart(make: Callable[..., Callable[[], object]], *args: Any) -> Iterator[Callable[[], None]]:
    """Runs what ``make(*args)`` returns, at every call once, in a process started for it.

    How seglab has a process keep the memory that tensors leave would else be its peers' gain too.
    All arguments are pickled. The first call waits until there is something to run.
    """
    context = multiprocessing.get_context("spawn")
    pipe, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, make, args))
    process.start()
    theirs.close()

    def run() -> None:
        pipe.send(True)
        pipe.recv()

    try:
        yield run
    finally:
        # Closing the pipe would not be heard: processes of a loader have it open, too.
        with suppress(OSError):
            pipe.send(False)
        process.join()


def _serve(
    pipe: Connection, make: Callable[..., Callable[[], object]], args: tuple[Any, ...]
) -> None:
    """The life of the process."""
    run = make(*args)
    while pipe.recv():
        run()
        wait_for_gpu()
        pipe.send(True)
