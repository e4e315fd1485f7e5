"""How much arithmetic a training step is, counted, not estimated."""

import torch
from torch.utils.flop_counter import FlopCounterMode

from seglab.networks.build import build
from seglab.training.checkpoint import About


def gflop_per_tile(about: About, tile: int) -> float:
    """10⁹ floating-point operations (two a multiply-add) of forward and backward on one tile.

    Counted by torch on shapes alone, so that even the largest network takes milliseconds.
    """
    with torch.device("meta"):
        network = build(about.config["model"], about.channels, about.config["width"])
        x = torch.empty(1, about.channels, tile, tile)
        with FlopCounterMode(display=False) as counter:
            network(x).sum().backward()
    return float(counter.get_total_flops()) / 1e9
