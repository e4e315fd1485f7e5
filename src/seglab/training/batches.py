"""Batches, shared out over the processes of a group and over parts worked off in turn."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from seglab.data.samples import Sample, Samples
from seglab.training.config import TrainConfig
from seglab.training.group import Group
from seglab.training.progress import Progress
from seglab.training.randomness import visiting_order
from seglab.training.readers import Readers


@dataclass(frozen=True)
class Share:
    """One part of a batch."""

    number: int
    """Its place in the batch, over all processes."""
    indices: list[int]
    weight: float
    """What its mean counts for in the mean over the batch; 0 for a stand-in."""


Parts = Sequence[tuple[Sample, Share]]
"""What one process works off in one step."""


def shares(batch: Sequence[int], accumulation: int, group: Group) -> list[Share]:
    """The ``accumulation`` shares of a batch that are this process'.

    A batch smaller than the number of shares leaves some without samples; these get the batch's
    first one with weight 0, for every process has to take every step.
    """
    parts = np.array_split(np.asarray(batch, dtype=int), accumulation * group.size)
    return [
        Share(number, part.tolist() or list(batch[:1]), len(part) / len(batch))
        for number, part in enumerate(parts)
        if number % group.size == group.rank
    ]


def train_batches(
    readers: Readers, samples: Samples, config: TrainConfig, progress: Progress, group: Group
) -> Iterator[Parts]:
    """The batches of the epoch in hand that are still to be trained on."""
    order = visiting_order(len(samples), config.seed, progress.epoch).tolist()
    given = [
        share
        for start in range(progress.step * config.batch_size, len(order), config.batch_size)
        for share in shares(order[start : start + config.batch_size], config.accumulation, group)
    ]
    indices = [share.indices for share in given]
    parts = zip(readers.load(samples.at_epoch(progress.epoch), indices), given, strict=True)
    while step := list(islice(parts, config.accumulation)):
        yield step


def val_batches(
    readers: Readers, samples: Samples, config: TrainConfig, group: Group
) -> Iterator[Sample]:
    """This process' share of the validation samples, in batches no larger than training's parts."""
    own = list(range(group.rank, len(samples), group.size))
    size = -(-config.batch_size // (config.accumulation * group.size))
    indices = [own[start : start + size] for start in range(0, len(own), size)]
    return readers.load(samples, indices)
