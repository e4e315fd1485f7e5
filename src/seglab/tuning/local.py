"""The engine of one machine: the study's trials in this process, or in several that it starts."""

import os
import sys
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path

import torch

from seglab.data.processes import deaf_children, processors
from seglab.errors import SeglabError, StudyError
from seglab.tracking.signals import stop_signals, stop_with_parent
from seglab.tuning.config import TuneConfig
from seglab.tuning.study import Opened
from seglab.tuning.worker import Train, open_study, work

GLANCE = 0.5
"""Seconds between two looks at what the processes did."""


def run_local(opened: Opened, parent: str, train: Train, shown: Callable[[], None]) -> None:
    """Carries the study's trials out on this machine; ``shown`` is called as they end.

    With several workers each is a process with a share of the processors and, in turn, one of the
    GPUs; a worker that is killed is replaced, as often as there are retries for each. Raises
    ``StudyError`` when workers fail, naming their log.
    """
    if opened.config.workers == 1:
        work(opened, parent, train, shown)
        return
    gpus = visible_gpus()
    alive: dict[int, BaseProcess] = {}
    spare = opened.config.workers * opened.config.retries

    def start(index: int) -> None:
        gpu = gpus[index % len(gpus)] if gpus else ""
        arguments = (opened.config, opened.url, parent, train, gpu, log_of(opened, index))
        process = get_context("spawn").Process(target=be_worker, args=arguments)
        with deaf_children():
            process.start()
        alive[index] = process

    try:
        for index in range(opened.config.workers):
            start(index)
        while alive:
            wait([process.sentinel for process in alive.values()], GLANCE)
            shown()
            for index, process in list(alive.items()):
                if process.is_alive():
                    continue
                code = alive.pop(index).exitcode or 0
                if code < 0 and spare > 0:
                    spare -= 1
                    start(index)
                elif code:
                    raise StudyError(
                        f"worker {index} ended with exit code {code}: {last_line(opened, index)}; "
                        f"see {log_of(opened, index)}, then run the same command again to go on"
                    )
    finally:
        for process in alive.values():
            process.terminate()
        for process in alive.values():
            process.join()


def be_worker(config: TuneConfig, url: str, parent: str, train: Train, gpu: str, log: Path) -> None:
    """The life of a worker's process; what it prints goes to ``log``."""
    stop_with_parent()
    with log.open("ab", buffering=0) as file:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
            os.dup2(file.fileno(), stream.fileno())
    if gpu:
        os.environ["CUDA_VISIBLE_DEVICES"] = gpu
    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(max(1, processors() // config.workers))
    with stop_signals():
        try:
            with open_study(config, url) as opened:
                work(opened, parent, train, lambda: None)
        except SeglabError as fault:
            print(f"\nseglab: {fault}", file=sys.stderr)
            sys.exit(fault.exit_code)


def visible_gpus() -> list[str]:
    """The GPUs that this process may use, as CUDA_VISIBLE_DEVICES names them."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        return [name.strip() for name in named.split(",") if name.strip()]
    return [str(index) for index in range(torch.cuda.device_count())]


def log_of(opened: Opened, index: int) -> Path:
    """What a worker prints."""
    return opened.folder / f"worker-{index}.log"


def last_line(opened: Opened, index: int) -> str:
    """The last line a worker printed."""
    lines = log_of(opened, index).read_text(encoding="utf-8", errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "it printed nothing")
