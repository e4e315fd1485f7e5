"""Contenders timed in turn, and the results with the machine they were had on."""

import json
import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from seglab.tracking.provenance import provenance


def alternate(
    contenders: Mapping[str, Callable[[], object]], rounds: int
) -> dict[str, list[float]]:
    """Seconds of every run: all contenders once to warm up, then ``rounds`` times in turn.

    Turns spread whatever else the machine does over all contenders alike.
    """
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(rounds + 1):
        for name, run in contenders.items():
            started = time.perf_counter()
            run()
            wait_for_gpu()
            if turn:
                seconds[name].append(round(time.perf_counter() - started, 6))
    return seconds


def wait_for_gpu() -> None:
    """Returns when what this process had a GPU do is done, if there is one."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def medians(seconds: Mapping[str, list[float]]) -> dict[str, float]:
    """Median seconds of each contender."""
    return {name: statistics.median(runs) for name, runs in seconds.items()}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of docs/benchmarks.md: what seglab takes beside what a peer takes."""

    what: str
    """What is measured."""
    ours: float
    """seglab's figure."""
    unit: str
    """Of ``ours`` and ``theirs``."""
    against: str = ""
    """The peer; empty where seglab's own figure is held against the goal."""
    theirs: float | None = None
    """The peer's figure."""
    most: float | None = None
    """The goal: the largest ratio to the peer, or figure of our own; none without a goal."""

    @property
    def ratio(self) -> float | None:
        """Ours over theirs."""
        return None if self.theirs is None else self.ours / self.theirs

    @property
    def reached(self) -> bool | None:
        """Whether the goal is reached."""
        held = self.ours if self.ratio is None else self.ratio
        return None if self.most is None else held <= self.most


def report(name: str, rows: Sequence[Row], details: Mapping[str, Any], output: str) -> None:
    """Writes rows and details with commit, versions and machine to ``output`` (JSON), or prints."""
    told = provenance()
    del told["seglab.host"]  # the kind of machine says something to others, its name does not
    found = {
        "benchmark": name,
        "rows": [asdict(row) for row in rows],
        **details,
        "machine": {
            **told,
            "threads": torch.get_num_threads(),
            "load": round(os.getloadavg()[0], 1),
            "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else "",
        },
    }
    text = json.dumps(found, indent=1, ensure_ascii=False)
    if output:
        Path(output).write_text(text + "\n", encoding="utf-8")
    else:
        print(text)
