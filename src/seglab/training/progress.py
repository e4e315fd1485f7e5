"""Where a training stands, and how that is kept on disk."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from seglab.training.checkpoint import LAST, About, load, save

EpochMetrics = dict[str, float]


@dataclass
class Sums:
    """Loss and scores summed over samples, and the seconds their steps took."""

    samples: int = 0
    totals: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0

    def add(self, loss: float, scores: Mapping[str, Tensor], samples: int) -> None:
        """Adds a batch: its mean loss and the scores of each sample."""
        self.samples += samples
        batch = {"loss": loss * samples, **{name: s.sum().item() for name, s in scores.items()}}
        for name, value in batch.items():
            self.totals[name] = self.totals.get(name, 0.0) + value

    def means(self, part: str) -> EpochMetrics:
        """Means over the samples, named ``part/loss`` and so on."""
        return {f"{part}/{name}": total / self.samples for name, total in self.totals.items()}


@dataclass
class Progress:
    """Where a training stands; with weights and moments, all that going on needs."""

    epoch: int = 0
    """Epochs finished."""
    step: int = 0
    """Steps done in the epoch in hand."""
    sums: Sums = field(default_factory=Sums)
    """Sums over the epoch in hand."""
    best_loss: float = math.inf
    """Lowest validation loss so far."""
    history: list[EpochMetrics] = field(default_factory=list)
    """Metrics of the finished epochs."""


def save_last(
    folder: Path,
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    progress: Progress,
    about: About,
) -> None:
    """Writes ``folder/last.pt``: all that going on needs."""
    content = {
        "model": network.state_dict(),
        "optimizer": optimizer.state_dict(),
        "progress": asdict(progress),
        "about": asdict(about),
    }
    save(folder / LAST, content)


def restore(path: Path, network: nn.Module, optimizer: torch.optim.Optimizer) -> Progress:
    """Progress, weights and moments of the checkpoint at ``path``; a fresh start without one."""
    if not path.exists():
        return Progress()
    content = load(path)
    network.load_state_dict(content["model"])
    optimizer.load_state_dict(content["optimizer"])
    stored: dict[str, Any] = content["progress"]
    return Progress(**{**stored, "sums": Sums(**stored["sums"])})
