"""What the tests of engines have workers do."""

import os
import signal
import time
from pathlib import Path

from seglab.errors import DataError

FOR_EVER = 300
"""Seconds that nobody waits."""


def square(number):
    return number * number


def refuse(number):
    raise DataError(f"{number} is no picture")


def die_once(place):
    """Is killed the first time it is given ``place``."""
    mark = Path(place)
    if not mark.exists():
        mark.write_text("was here")
        os.kill(os.getpid(), signal.SIGKILL)
    return mark.read_text()


def say_and_die_once(place):
    """Says so before it is killed."""
    print("at work", flush=True)
    return die_once(place)


def wait_for_ever(place):
    """Says that it is at work, and that it was stopped."""
    stopped = Path(place).with_name("stopped")
    Path(place).write_text("again" if stopped.exists() else "at work")
    try:
        for _ in range(10 * FOR_EVER):
            time.sleep(0.1)
    finally:
        stopped.write_text("before the end")


def surroundings(number):
    """What a worker finds around it: home, GPUs and threads."""
    import torch  # for workers that ask for its threads

    return os.environ["HOME"], os.environ["CUDA_VISIBLE_DEVICES"], torch.get_num_threads()


def keep_one_waiting(place):
    """Launches a worker that waits for ever."""
    from seglab.launching.crew import Crew, Watch
    from seglab.launching.local import launch_here

    launch_here(wait_for_ever, [place], Crew(1, Path(place).parent / "log", gpus=0), Watch())
