"""A contender in a process of its own."""

import multiprocessing
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Self

import torch


class Apart:
    """Runs what ``make(*args)`` returns, at every call once, in a process started for it.

    How seglab has a process keep the memory that tensors leave would else be its peers' gain too.
    All arguments are pickled. The process ends with the ``with`` block.
    """

    def __init__(self, make: Callable[..., Callable[[], object]], *args: Any) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, make, args))
        self._process.start()
        theirs.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pipe.close()
        self._process.join()

    def __call__(self) -> None:
        """One run, of which the first waits until there is something to run."""
        self._pipe.send(None)
        self._pipe.recv()


def _serve(
    pipe: Connection, make: Callable[..., Callable[[], object]], args: tuple[Any, ...]
) -> None:
    """The life of the process."""
    run = make(*args)
    with suppress(EOFError):
        while True:
            pipe.recv()
            run()
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            pipe.send(None)
