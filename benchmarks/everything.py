"""Runs a set of benchmarks one after the other, keeps their results, and makes the page of them.

    PYTHONPATH=src python -m benchmarks.everything --set cpu

The results lie in ``benchmarks/results/<set>/``, one JSON file a benchmark; a benchmark that fails
leaves its earlier file as it was. ``--set gpu`` needs a GPU, PyTorch and what the two benchmarks
of it import (captum, torchvision, tyro), and no network.
"""

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
import tyro

from benchmarks import page

RESULTS = Path(__file__).parent / "results"
SETS: dict[str, dict[str, list[str]]] = {
    "cpu": {
        "saliency": [],
        "training": ["--rounds", "5"],
        "superpixels": ["--pictures", "10"],
        "pictures": [],
        "scores": [],
        "logging": [],
        "tuning": [],
        "workers": [],
        "dashboard": [],
        "server": [],
        "help": [],
    },
    "gpu": {
        "saliency": ["--patches", "64", "--rounds", "5"],
        "training": ["--batches", "1,8", "--steps", "20", "--rounds", "5", "--workers", "8"],
    },
}
"""The benchmarks of each set, with the sizes that keep it short."""


@dataclass(frozen=True)
class Everything:
    """Which benchmarks to run."""

    set: Literal["cpu", "gpu"] = "cpu"
    """cpu takes under 20 minutes on two cores, gpu under 10."""


def main(everything: Everything) -> None:
    """Runs the set; exits with 1 if one of its benchmarks failed."""
    if everything.set == "gpu" and not torch.cuda.is_available():
        raise SystemExit("--set gpu: PyTorch sees no GPU on this machine")
    folder = RESULTS / everything.set
    folder.mkdir(parents=True, exist_ok=True)
    failed = []
    for name, flags in SETS[everything.set].items():
        started = time.monotonic()
        output = folder / f"{name}.json"
        command = [sys.executable, "-m", f"benchmarks.{name}", *flags, "--output", str(output)]
        if subprocess.run(command, check=False).returncode:
            failed.append(name)
        print(f"{name}: {time.monotonic() - started:.0f} s", flush=True)
    page.write()
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}; their earlier results are kept")


if __name__ == "__main__":
    main(tyro.cli(Everything))
