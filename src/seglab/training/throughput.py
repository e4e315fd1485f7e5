"""How much arithmetic a training step is, counted, not estimated."""

import torch
from torch.utils.flop_counter import FlopCounterMode

from seglab.training.checkpoint import About, network_of


def gflop_per_sample(about: About, side: int) -> float:
    """10⁹ floating-point operations (two a multiply-add) of forward and backward on one square.

    Counted by torch on shapes alone, so that even the largest network takes milliseconds.
    """
    with torch.device("meta"):
        network = network_of(about)
        x = torch.empty(1, about.channels, side, side)
        with FlopCounterMode(display=False) as counter:
            network(x).sum().backward()
    return float(counter.get_total_flops()) / 1e9
