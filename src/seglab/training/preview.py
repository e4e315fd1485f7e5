"""A few fixed validation pictures with what the network makes of them."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from jaxtyping import UInt8
from torch import nn

from seglab.data.tileset import Sample, TileSet
from seglab.networks.precision import autocast

PICTURES = 4


def preview_tiles(tiles: TileSet) -> list[Sample]:
    """Up to four tiles, spread evenly over the validation set: the same ones in every run on it."""
    chosen = np.linspace(0, len(tiles) - 1, min(PICTURES, len(tiles))).round().astype(int)
    return [tiles[int(index)] for index in chosen]


def preview(
    network: nn.Module, samples: Sequence[Sample], precision: str, device: torch.device
) -> Iterator[tuple[str, UInt8[np.ndarray, "h w3 3"]]]:
    """Key and picture of each sample: input, true mask and predicted probability side by side."""
    network.eval()
    for sample in samples:
        with torch.inference_mode(), autocast(precision, device):
            logits = network(sample.x[None].to(device).float() / 255)
        probability = (logits[0].float().sigmoid() * 255).round().byte().cpu()
        # Grey for a saliency map alone, else the RGB channels, which come first.
        seen = sample.x[:3] if len(sample.x) >= 3 else sample.x[:1].expand(3, -1, -1)
        panels = [seen, (sample.y * 255).expand(3, -1, -1), probability.expand(3, -1, -1)]
        yield f"val/{sample.key}", torch.cat(panels, dim=2).permute(1, 2, 0).numpy()
