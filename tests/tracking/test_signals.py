"""SIGTERM and SIGINT as exceptions, and what is left of them."""

import os
import signal
import threading

import pytest

from seglab.tracking.signals import Terminated, dismiss_parent, stop_signals


def send(number: signal.Signals) -> None:
    """The signal, delivered before this returns."""
    signal.raise_signal(number)


def test_sigterm_raises_and_exits_with_143() -> None:
    with pytest.raises(Terminated) as caught, stop_signals():
        send(signal.SIGTERM)
    assert isinstance(caught.value, SystemExit)
    assert caught.value.code == 143


def test_only_the_first_sigterm_counts() -> None:
    cleaned = False
    with pytest.raises(Terminated), stop_signals():
        try:
            send(signal.SIGTERM)
        finally:
            send(signal.SIGTERM)
            cleaned = True
    assert cleaned


def test_a_sigterm_after_ctrl_c_does_not_disturb_cleaning_up() -> None:
    cleaned = False
    with pytest.raises(KeyboardInterrupt), stop_signals():
        try:
            send(signal.SIGINT)
        finally:
            send(signal.SIGTERM)
            cleaned = True
    assert cleaned


def test_a_second_ctrl_c_interrupts_cleaning_up() -> None:
    with pytest.raises(KeyboardInterrupt), stop_signals():
        try:
            send(signal.SIGINT)
        finally:
            with pytest.raises(KeyboardInterrupt):
                send(signal.SIGINT)


def test_handlers_from_before_come_back() -> None:
    got: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: got.append(number))
    try:
        with stop_signals():
            pass
        send(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert got == [signal.SIGTERM]


def test_a_forked_worker_dies_of_sigterm_as_ever() -> None:
    with stop_signals():
        child = os.fork()
        if child == 0:
            try:
                os.kill(os.getpid(), signal.SIGTERM)
            finally:
                os._exit(1)
        _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)
    assert os.WTERMSIG(status) == signal.SIGTERM


def test_another_thread_changes_no_handlers() -> None:
    before = signal.getsignal(signal.SIGTERM)
    seen: list[object] = []

    def work() -> None:
        with stop_signals():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]


def test_a_parent_that_is_not_mlflow_run_is_left_alone() -> None:
    got: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: got.append(number))
    try:
        child = os.fork()
        if child == 0:
            try:
                dismiss_parent()
            finally:
                os._exit(0)
        os.waitpid(child, 0)
    finally:
        signal.signal(signal.SIGINT, before)
    assert got == []
