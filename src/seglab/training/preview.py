"""A few fixed validation samples with what the network makes of them."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from jaxtyping import UInt8
from torch import nn

from seglab.data.samples import Sample, Samples
from seglab.networks.precision import autocast
from seglab.training.tasks import Task

PICTURES = 4


def preview_samples(samples: Samples) -> list[Sample]:
    """Up to four, spread evenly over the validation set: the same ones in every run on it."""
    chosen = np.linspace(0, len(samples) - 1, min(PICTURES, len(samples))).round().astype(int)
    return [samples[int(index)] for index in chosen]


def preview(
    network: nn.Module,
    task: Task,
    samples: Sequence[Sample],
    precision: str,
    device: torch.device,
) -> Iterator[tuple[str, UInt8[np.ndarray, "h w3 3"]]]:
    """Key and picture of each sample: input, target and the network's answer side by side."""
    network.eval()
    for sample in samples:
        with torch.inference_mode(), autocast(precision, device):
            outputs = network(sample.x[None].to(device).float() / 255)
        answer = (task.shown(outputs.float())[0] * 255).round().byte().cpu()
        target = (task.target(sample.y) * 255).round().byte()
        # Grey for a saliency map alone, else the RGB channels, which come first.
        seen = sample.x[:3] if len(sample.x) >= 3 else sample.x[:1]
        panels = [panel.expand(3, -1, -1) for panel in (seen, target, answer)]
        yield f"val/{sample.key}", torch.cat(panels, dim=2).permute(1, 2, 0).numpy()
