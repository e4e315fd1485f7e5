"""Parameters of a training run; light to import, so that ``--help`` stays fast."""

from dataclasses import dataclass
from typing import Literal

from seglab.data.config import DatasetConfig, InputsName, SplitName
from seglab.errors import ConfigError

ModelName = Literal["unet"]
Precision = Literal["auto", "fp32", "bf16"]


@dataclass(frozen=True, kw_only=True)
class TrainConfig(DatasetConfig):
    """Trains a network on a prepared data set and logs the run to MLflow."""

    split: SplitName = "published"
    """Who trains and who tests: published (the study's lists) or grouped (a scene stays on one
    side)."""
    inputs: InputsName = "rgb+guided"
    """What the network sees: RGB, a saliency map, or both stacked."""
    model: ModelName = "unet"
    """Network architecture."""
    width: int = 64
    """Channels of the first level; level k has width·2^k."""
    epochs: int = 20
    """Passes over the training tiles."""
    batch_size: int = 1
    """Tiles a step."""
    learning_rate: float = 1e-4
    """Adam's step size."""
    tile: int = 512
    """Side of the square tiles pictures are cut into, in pixels; a multiple of 16."""
    seed: int = 0
    """Seed of initial weights, order of tiles and dropout."""
    precision: Precision = "auto"
    """Arithmetic: fp32, bf16, or auto (bf16 where this machine is faster with it)."""
    device: str = "auto"
    """Where to compute: auto (the first GPU if there is one), cpu, cuda or cuda:N."""
    workers: int = 0
    """Processes that read tiles beside the training; 0 reads in the training process."""
    resume: str = ""
    """Id of a run to go on with, bit for bit, from its last checkpoint."""

    def __post_init__(self) -> None:
        faults = [
            f"--{name}={getattr(self, name)} must be at least {least}"
            for name, least in (("width", 1), ("epochs", 1), ("batch_size", 1), ("workers", 0))
            if getattr(self, name) < least
        ]
        if self.tile < 16 or self.tile % 16:
            faults.append(
                f"--tile={self.tile} must be a positive multiple of 16, as the network halves a "
                f"tile four times; try {max(16, round(self.tile / 16) * 16)}"
            )
        if not self.learning_rate > 0:
            faults.append(f"--learning_rate={self.learning_rate} must be above 0")
        if faults:
            raise ConfigError("; ".join(faults))
