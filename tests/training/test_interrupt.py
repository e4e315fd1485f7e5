"""A signal that arrives in mid-step, and where it is delivered."""

import _thread
import signal

import pytest

from seglab.tracking.signals import stop_signals
from seglab.training.interrupt import signals_held


@pytest.mark.parametrize("blocked", [[], [signal.SIGINT]], ids=["free", "blocked"])
def test_ctrl_c_is_held_and_then_delivered(blocked):
    """Ray starts its workers with SIGINT blocked, and cancels what they do from within Python."""
    reached = False
    before = signal.pthread_sigmask(signal.SIG_BLOCK, blocked)
    try:
        with pytest.raises(KeyboardInterrupt), stop_signals(), signals_held() as held:
            _thread.interrupt_main()
            reached = bool(held)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    assert reached


def test_second_ctrl_c_does_not_wait():
    with pytest.raises(KeyboardInterrupt), signals_held() as held:
        signal.raise_signal(signal.SIGINT)
        assert held
        signal.raise_signal(signal.SIGINT)
        raise AssertionError
