"""Where to compute and in which arithmetic."""

from collections.abc import Mapping
from contextlib import AbstractContextManager

import torch

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
    """fp32 or bf16; auto is bf16 where the hardware has instructions for it.

    That is Ampere and later among GPUs. Nothing is timed: what a run computes in must not depend on
    what else the machine is doing.
    """
    if precision != "auto":
        return precision
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"
    return "bf16" if device.type == "cpu" and cpu_has_bf16() else "fp32"


def exact_fp32() -> None:
    """From now on, convolutions in fp32 are that on GPUs too.

    PyTorch leaves it to cuDNN to read 10 of a number's 23 bits there (TF32), which would decide
    near-ties of ReLUs and of pooling otherwise than a CPU does, and so whole paths of a map.
    """
    torch.backends.cudnn.allow_tf32 = False


def autocast(precision: str, device: torch.device) -> AbstractContextManager[object]:
    """Convolutions in bf16 inside, if ``precision`` is bf16; fp32 otherwise."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16")


def cpu_has_bf16() -> bool:
    """Whether the CPU is faster in bf16: by AMX or AMD's AVX-512 on x86, by bf16 on Arm.

    Intel's AVX-512 multiplies bf16 numbers at half the rate of fp32's, which makes up for two in
    an instruction: without AMX, bf16 is no faster there, and conversions make it slower.
    A PyTorch that does not know what the CPU can do counts as one that cannot.
    """
    known: Mapping[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    fast = ["amx_bf16", "bf16"]
    if not str(known.get("cpu_name", "")).startswith("Intel"):
        fast.append("avx512_bf16")
    return any(known.get(name) for name in fast)
