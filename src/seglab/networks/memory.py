"""Running out of memory, told in a sentence that says what to lower."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from seglab.errors import OutOfMemoryError

SIGNS = ("can't allocate memory", "not enough memory", "out of memory", "ALLOC_FAILED", "bad_alloc")
"""What PyTorch's errors without a class of their own say, on CPUs and GPUs."""


@contextmanager
def memory_told(doing: str, remedy: str) -> Iterator[None]:
    """Raises ``OutOfMemoryError`` with ``remedy`` where memory, the GPU's or other, runs out."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        short = isinstance(error, MemoryError | torch.OutOfMemoryError)
        if not short and not any(sign in str(error) for sign in SIGNS):
            raise
        said = str(error).splitlines() or ["no more could be had"]
        raise OutOfMemoryError(f"out of memory {doing} ({said[0]}); {remedy}") from error
