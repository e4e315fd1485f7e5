"""The engine of one machine: processes with a share of its processors and GPUs."""

import os
import signal
import sys
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from seglab.data.processes import CONTEXT, begin, deaf_children, import_for_all, processors
from seglab.errors import SeglabError
from seglab.launching.crew import GLANCE, Crew, Watch, Work, failure
from seglab.tracking.signals import stop_signals

SHARED = ("seglab", "torch", "mlflow")
"""What workers need of what this process has imported, and what takes long to import."""


@dataclass
class Worker:
    """A process with one item in hand."""

    index: int
    """Place of its item."""
    slot: int
    """Which of the processes at work at once it is."""
    process: BaseProcess
    answer: Connection
    log: Path


def launch_here(work: Work, items: Sequence[Any], crew: Crew, watch: Watch) -> None:
    """See ``launch``; each worker is a process of its own, and takes one of the GPUs in turn."""
    gpus: Sequence[str | None] = (visible_gpus() or [None]) if crew.gpus else [""]
    waiting = deque(range(len(items)))
    slots = deque(range(min(crew.workers, len(items))))
    lost = [0] * len(items)
    threads = os.environ.get("OMP_NUM_THREADS", str(max(1, processors() // len(slots))))
    alive: list[Worker] = []
    crew.folder.mkdir(parents=True, exist_ok=True)
    for slot in slots:  # what an earlier job printed says nothing of this one's end
        log_of(crew, slot).write_bytes(b"")
    import_for_all(*(name for name in sys.modules if name.partition(".")[0] in SHARED))

    def start(index: int, slot: int) -> None:
        gpu = gpus[slot % len(gpus)]
        log = log_of(crew, slot)
        here, there = CONTEXT.Pipe(duplex=False)
        with (
            deaf_children(),
            environment({"CUDA_VISIBLE_DEVICES": gpu, "OMP_NUM_THREADS": threads}),
        ):
            given = (dict(os.environ), work, items[index], log, there)
            process = CONTEXT.Process(target=be_worker, args=given)
            process.start()
        there.close()
        alive.append(Worker(index, slot, process, here, log))

    try:
        while alive or waiting:
            if watch.enough():
                return
            while waiting and slots:
                start(waiting.popleft(), slots.popleft())
            wait([worker.process.sentinel for worker in alive], GLANCE)
            watch.glance()
            for worker in [worker for worker in alive if not worker.process.is_alive()]:
                alive.remove(worker)
                slots.append(worker.slot)
                code = worker.process.exitcode or 0
                if code < 0 and lost[worker.index] < crew.retries:
                    lost[worker.index] += 1
                    waiting.appendleft(worker.index)
                elif code:
                    said = f"exit code {code}, {last_line(worker.log)}"
                    raise failure(worker.index, said, str(worker.log))
                else:
                    watch.ended(worker.index, worker.answer.recv())
                worker.answer.close()
    finally:
        for worker in alive:
            worker.process.terminate()
        for worker in alive:
            worker.process.join()


def be_worker(
    given: Mapping[str, str], work: Work, item: Any, log: Path, answer: Connection
) -> None:
    """The life of a worker's process; what it prints goes to ``log``."""
    # Not its parent, but what it was forked from, would end it by stop_with_parent.
    begin(given, partial(os.kill, os.getpid(), signal.SIGTERM))
    if "torch" in sys.modules and (threads := given["OMP_NUM_THREADS"]).isdigit():
        sys.modules["torch"].set_num_threads(int(threads))  # it had read them when it was imported
    with log.open("ab", buffering=0) as file:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
            os.dup2(file.fileno(), stream.fileno())
    with stop_signals():
        try:
            answer.send(work(item))
        except SeglabError as fault:
            print(f"\nseglab: {fault}", file=sys.stderr)
            sys.exit(fault.exit_code)


@contextmanager
def environment(values: Mapping[str, str | None]) -> Iterator[None]:
    """Within, processes start with these variables; None leaves one as it is."""
    given = {name: value for name, value in values.items() if value is not None}
    before = {name: os.environ.get(name) for name in given}
    os.environ.update(given)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def visible_gpus() -> list[str]:
    """The GPUs that this process may use, as CUDA_VISIBLE_DEVICES names them."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        return [name.strip() for name in named.split(",") if name.strip()]
    import torch  # seconds, which nobody waits for who has no use for GPUs

    return [str(index) for index in range(torch.cuda.device_count())]


def log_of(crew: Crew, slot: int) -> Path:
    """What the workers of a slot print, one after the other."""
    return crew.folder / f"worker-{slot}.log"


def last_line(log: Path) -> str:
    """The last line a worker printed."""
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "it printed nothing")
