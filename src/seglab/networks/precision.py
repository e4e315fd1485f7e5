"""Where to compute and in which arithmetic."""

import time
from contextlib import AbstractContextManager
from functools import cache

import torch
from torch import nn

from seglab.errors import ConfigError


def resolve_device(device: str) -> torch.device:
    """The device ``--device`` names; auto is the first GPU if there is one, else the CPU."""
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        chosen = torch.device(device)
    except RuntimeError:
        raise ConfigError(
            f"--device={device!r} is unknown; use auto, cpu, cuda or cuda:N"
        ) from None
    if chosen.type == "cuda" and (chosen.index or 0) >= torch.cuda.device_count():
        raise ConfigError(
            f"--device={device}: this machine has {torch.cuda.device_count()} usable GPUs; use "
            "--device=cpu or auto"
        )
    return chosen


def resolve_precision(precision: str, device: torch.device) -> str:
    """fp32 or bf16; auto is bf16 where this machine computes a convolution faster with it.

    On GPUs the rule is native bf16 (Ampere and later); on CPUs a probe of some 100 ms decides, as
    no flag says reliably whether bf16 runs on matrix units or is emulated.
    """
    if precision != "auto":
        return precision
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"
    return "bf16" if device.type == "cpu" and bf16_is_faster_on_cpu() else "fp32"


def memory_format(network: nn.Module, device: torch.device) -> torch.memory_format:
    """The order in memory in which ``network`` is to be trained: channels last, as a rule.

    It is the fastest; but on CPUs with bf16 and without AMX oneDNN gets the weight gradient of
    dilated convolutions wrong in it: for 24 channels in PyTorch 2.15 by 29 % at dilation 2, and
    from dilation 4 on the process crashes. Channels first, oneDNN has blocked kernels for them that
    are right (tests/networks/test_precision.py).
    """
    dilated = any(
        isinstance(module, nn.Conv2d) and module.dilation != (1, 1) for module in network.modules()
    )
    return torch.contiguous_format if dilated and device.type == "cpu" else torch.channels_last


def autocast(precision: str, device: torch.device) -> AbstractContextManager[object]:
    """Convolutions in bf16 inside, if ``precision`` is bf16; fp32 otherwise."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16")


@cache
def bf16_is_faster_on_cpu() -> bool:
    """Whether a typical convolution takes less than two thirds of its fp32 time in bf16."""
    conv = nn.Conv2d(64, 64, 3, padding=1).to(memory_format=torch.channels_last)
    x = torch.zeros(1, 64, 64, 64).to(memory_format=torch.channels_last)
    seconds = {"fp32": float("inf"), "bf16": float("inf")}
    with torch.inference_mode():
        for _ in range(4):  # alternating, best of: the machine may be shared
            for precision in seconds:
                with autocast(precision, torch.device("cpu")):
                    started = time.perf_counter()
                    conv(x)
                    spent = time.perf_counter() - started
                seconds[precision] = min(seconds[precision], spent)
    return seconds["bf16"] < seconds["fp32"] * 2 / 3
