"""How much arithmetic a training step is, counted, and how fast the device could do it, tried."""

import time
from functools import cache
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from seglab.networks.build import build
from seglab.training.checkpoint import SHAPE, About


def gflop_per_sample(about: About, side: int) -> float:
    """10⁹ floating-point operations (two a multiply-add) of forward and backward on one square.

    Counted by torch on shapes alone, in a fifth of a second, once for networks of one shape.
    """
    shape = tuple((name, about.config[name]) for name in SHAPE)
    return _counted(about.channels, about.classes, side, shape)


@cache
def _counted(channels: int, classes: int, side: int, shape: tuple[tuple[str, Any], ...]) -> float:
    with torch.device("meta"):
        network = build(channels=channels, classes=classes, **dict(shape))
        x = torch.empty(1, channels, side, side)
        with FlopCounterMode(display=False) as counter:
            network(x).sum().backward()
    return float(counter.get_total_flops()) / 1e9


@cache
def peak_gflops(device: torch.device, precision: str) -> float:
    """10⁹ floating-point operations a second in a product of large matrices: the best of some.

    What the device reaches in practice with this arithmetic and number of threads, not what its
    maker states; on random numbers, for a GPU is a tenth faster on ones. Takes a tenth of a second.
    """
    side = 8192 if device.type == "cuda" else 1024
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    generator = torch.Generator(device).manual_seed(0)
    matrix = torch.randn(side, side, generator=generator, device=device, dtype=dtype)
    best = float("inf")
    for _ in range(4):
        synchronise(device)
        started = time.perf_counter()
        matrix @ matrix
        synchronise(device)
        best = min(best, time.perf_counter() - started)
    return 2 * side**3 / best / 1e9


def synchronise(device: torch.device) -> None:
    """Waits until a GPU has done what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
