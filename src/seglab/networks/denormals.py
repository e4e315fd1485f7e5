"""Numbers so near to zero that a CPU takes many times as long for them."""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

import torch

OMP_PAUSE_HARD = 2
"""Gives back all that OpenMP holds, threads too (OpenMP 5.0, section 3.2.44)."""


@contextmanager
def denormals_flushed() -> Iterator[None]:
    """Within, the CPU takes numbers under a float's normal range, 2⁻¹²⁶, for zero; not after it.

    The more certain a network becomes, the more of its gradients are such numbers: a step of the
    UNet went from 7 seconds in the first epoch to 15 and 30 in the fourth (two cores of an Intel
    Xeon). Next to Adam's epsilon, which is 10³⁰ times as large, they count for nothing.
    """
    _flush(True)
    try:
        yield
    finally:
        _flush(False)


def _flush(on: bool) -> None:
    """Each thread has a setting of its own and hands it to those it starts.

    So OpenMP's threads end here, and the next tensor computed with several starts them anew.
    """
    torch.set_flush_denormal(on)
    openmp = ctypes.CDLL(None)  # PyTorch's, which it lends to all
    if hasattr(openmp, "omp_pause_resource_all"):
        openmp.omp_pause_resource_all(OMP_PAUSE_HARD)
