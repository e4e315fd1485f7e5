"""IoU and Dice of a 512² mask: seglab beside torchmetrics.

PYTHONPATH=src python -m benchmarks.scores --output scores.json
"""

from dataclasses import dataclass

import numpy as np
import torch
import tyro
from torchmetrics.functional.classification import binary_f1_score, binary_jaccard_index

from benchmarks.measure import Row, alternate, medians, report
from seglab.evaluation.scores import count, dice, iou


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """Seconds for both scores of one mask, medians of alternating runs."""

    side: int = 512
    """Side of the square mask in pixels."""
    rounds: int = 50
    """Runs of each contender, after one to warm up."""
    output: str = ""
    """JSON file to write; empty prints it."""


def main(benchmark: Benchmark) -> None:
    """Measures and reports."""
    rng = np.random.default_rng(0)
    prediction, truth = rng.integers(0, 2, (2, benchmark.side, benchmark.side), np.uint8)
    tensors = torch.from_numpy(prediction), torch.from_numpy(truth)

    def seglab() -> None:
        counts = count(prediction, truth)
        iou(counts), dice(counts)

    def torchmetrics() -> None:
        binary_jaccard_index(*tensors), binary_f1_score(*tensors)

    seconds = alternate({"seglab": seglab, "torchmetrics": torchmetrics}, benchmark.rounds)
    median = medians(seconds)
    row = Row(
        what=f"IoU and Dice of one {benchmark.side}² mask",
        ours=median["seglab"] * 1000,
        unit="ms",
        against="torchmetrics",
        theirs=median["torchmetrics"] * 1000,
    )
    goal = Row(what=row.what, ours=row.ours, unit="ms", most=0.3)
    report("scores", [row, goal], {"median": median}, benchmark.output)


if __name__ == "__main__":
    main(tyro.cli(Benchmark))
