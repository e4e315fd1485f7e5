"""Signals held back until the step in hand is done, so that a checkpoint never sees half a step."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

HELD = (signal.SIGINT, signal.SIGTERM)


class Held:
    """Signals that arrived while they were held back."""

    def __init__(self) -> None:
        self.arrived: signal.Signals | None = None

    def __bool__(self) -> bool:
        return self.arrived is not None


@contextmanager
def signals_held() -> Iterator[Held]:
    """Truthy once SIGINT or SIGTERM arrived; the signal is delivered to its own handler on leaving.

    A second Ctrl-C does not wait: it goes straight to the handler that was there before. A SIGTERM
    after a first signal says nothing new (``mlflow run`` sends one after each Ctrl-C). Outside the
    main thread, where Python handles no signals, nothing is held.
    """
    held = Held()
    if threading.current_thread() is not threading.main_thread():
        yield held
        return
    before = {number: signal.getsignal(number) for number in HELD}

    def hold(number: int, frame: FrameType | None) -> None:
        if held.arrived is None:
            held.arrived = signal.Signals(number)
        elif number == signal.SIGINT:
            deliver(number)

    def deliver(number: int) -> None:
        restore()
        handler = before[signal.Signals(number)]
        if callable(handler):
            handler(number, None)  # Ray's workers have SIGINT blocked: raised, it would not arrive
        else:
            signal.raise_signal(number)

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    for number in HELD:
        signal.signal(number, hold)
    try:
        yield held
    finally:
        restore()
        if held.arrived is not None:
            deliver(held.arrived)
