"""IoU and Dice of a 512² mask: seglab beside torchmetrics and segmentation_models_pytorch.

PYTHONPATH=src python -m benchmarks.scores --output scores.json
"""

from dataclasses import dataclass

import numpy as np
import segmentation_models_pytorch.metrics as smp
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

    def segmentation_models() -> None:
        stats = smp.get_stats(
            tensors[0][None, None].long(), tensors[1][None, None].long(), "binary"
        )
        smp.iou_score(*stats), smp.f1_score(*stats)

    peers = {"torchmetrics": torchmetrics, "segmentation_models_pytorch": segmentation_models}
    median = medians(alternate({"seglab": seglab, **peers}, benchmark.rounds))
    what, ours = f"IoU and Dice of one {benchmark.side}² mask", median["seglab"] * 1000
    rows = [Row(what=what, ours=ours, unit="ms", most=0.3)]
    rows += [
        Row(what=what, ours=ours, unit="ms", against=peer, theirs=median[peer] * 1000)
        for peer in peers
    ]
    report("scores", rows, {"median": median}, benchmark.output)


if __name__ == "__main__":
    main(tyro.cli(Benchmark))
