"""Where a training stands, and how that is kept on disk."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

import torch
from jaxtyping import Float
from torch import Tensor, nn

from seglab.errors import TrainingError
from seglab.training.checkpoint import LAST, About, fill, load, refuse_another, save
from seglab.training.group import Group

EpochMetrics = dict[str, float]


@dataclass
class Sums:
    """Loss and scores summed over samples, and the seconds their steps took."""

    samples: int = 0
    totals: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0

    @classmethod
    def zero(cls, names: Iterable[str]) -> Self:
        """Nothing yet of loss and scores called ``names``."""
        return cls(totals=dict.fromkeys(names, 0.0))

    def add(self, other: "Sums") -> None:
        """Adds what ``other`` has, its seconds too."""
        self.samples += other.samples
        self.seconds += other.seconds
        for name, value in other.totals.items():
            self.totals[name] = self.totals.get(name, 0.0) + value

    def over(self, group: Group) -> "Sums":
        """Samples and totals of all processes of ``group``."""
        totals = group.total({"samples": self.samples, **self.totals})
        return Sums(int(totals.pop("samples")), totals, self.seconds)

    def means(self, part: str) -> EpochMetrics:
        """Means over the samples, named ``part/loss`` and so on."""
        return {f"{part}/{name}": total / self.samples for name, total in self.totals.items()}


def batch_sums(loss: Float[Tensor, ""], scores: Mapping[str, Float[Tensor, " b"]]) -> Sums:
    """Sums of one batch: of its mean loss and the scores of each sample."""
    samples = len(next(iter(scores.values())))
    totals = {"loss": loss.item() * samples, **{k: s.sum().item() for k, s in scores.items()}}
    return Sums(samples, totals)


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
    """Writes ``folder/last.pt``: all that going on needs.

    Raises ``TrainingError``, and leaves the checkpoint that is there, if a weight is not finite.
    """
    if not all(value.isfinite().all() for value in network.state_dict().values()):
        raise TrainingError(
            f"weights became NaN or infinite by step {progress.step} of epoch "
            f"{progress.epoch + 1}; {last_good(folder)}. Lower --learning_rate"
        )
    content = {
        "model": network.state_dict(),
        "optimizer": optimizer.state_dict(),
        "progress": asdict(progress),
        "about": asdict(about),
    }
    save(folder / LAST, content)


def last_good(folder: Path) -> str:
    """Where a training that cannot go on stands, in words."""
    path = folder / LAST
    return f"the last good checkpoint is {path}" if path.exists() else "there is no checkpoint yet"


def restore(
    path: Path, network: nn.Module, optimizer: torch.optim.Optimizer, about: About
) -> Progress:
    """Progress, weights and moments of the checkpoint at ``path``; a fresh start without one.

    Raises ``CheckpointError`` listing the fields that differ if it is of another network.
    """
    if not path.exists():
        return Progress()
    content = load(path)
    refuse_another(content, about, path)
    fill(network, content, path)
    optimizer.load_state_dict(content["optimizer"])
    stored: dict[str, Any] = content["progress"]
    return Progress(**{**stored, "sums": Sums(**stored["sums"])})
