"""Contenders timed in turn, and the results with the machine they were had on."""

import json
import statistics
import time
from collections.abc import Callable, Mapping
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
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            if turn:
                seconds[name].append(round(time.perf_counter() - started, 6))
    return seconds


def medians(seconds: Mapping[str, list[float]]) -> dict[str, float]:
    """Median seconds of each contender."""
    return {name: statistics.median(runs) for name, runs in seconds.items()}


def report(results: Mapping[str, Any], output: str) -> None:
    """Writes ``results`` with commit, versions and machine to ``output`` (JSON), or prints them."""
    machine = {
        **provenance(),
        "threads": torch.get_num_threads(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else "",
    }
    text = json.dumps({**results, "machine": machine}, indent=1, ensure_ascii=False)
    if output:
        Path(output).write_text(text + "\n", encoding="utf-8")
    else:
        print(text)
