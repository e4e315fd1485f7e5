"""How long a user waits for ``--help`` of an entry point.

PYTHONPATH=src python -m benchmarks.help --output help.json
"""

import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import tyro

from benchmarks.measure import Row, alternate, medians, report

PROGRAMS = sorted(
    path.stem
    for path in (Path(__file__).parents[1] / "entry_points").glob("*.py")
    if not path.stem.startswith("_")
)


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """Seconds until ``--help`` is printed, medians of alternating runs."""

    rounds: int = 5
    """Runs of each entry point, after one to warm up."""
    output: str = ""
    """JSON file to write; empty prints it."""


def main(benchmark: Benchmark) -> None:
    """Measures and reports."""
    seconds = alternate({name: partial(ask, name) for name in PROGRAMS}, benchmark.rounds)
    median = medians(seconds)
    slowest = max(median, key=lambda name: median[name])
    row = Row(what=f"`--help`, slowest: {slowest}", ours=median[slowest], unit="s", most=0.3)
    report("help", [row], {"median": median}, benchmark.output)


def ask(name: str) -> None:
    """Runs one entry point's ``--help``."""
    command = [sys.executable, "-m", f"entry_points.{name}", "--help"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main(tyro.cli(Benchmark))
