"""Randomness as a function of where a training stands, so that no generator state is ever saved."""

import torch
from jaxtyping import Int64
from torch import Tensor

from seglab.training.folding import fold

ORDER, STEP = 0, 1


def visiting_order(samples: int, seed: int, epoch: int) -> Int64[Tensor, " n"]:
    """The order in which an epoch visits its samples."""
    generator = torch.Generator().manual_seed(fold(seed, ORDER, epoch))
    return torch.randperm(samples, generator=generator)


def seed_part(seed: int, epoch: int, step: int, part: int) -> None:
    """Seeds torch's generators, on every device in use, for the dropout of one part of a batch.

    As ``torch.manual_seed``, which where no GPU is in use takes a millisecond to note what one
    would be told.
    """
    number = fold(seed, STEP, epoch, step, part)
    torch.default_generator.manual_seed(number)
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        torch.cuda.manual_seed_all(number)
