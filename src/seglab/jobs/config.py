"""Parameters of the demo; light to import, so that ``--help`` stays fast."""

from dataclasses import dataclass

from seglab.data.config import DatasetConfig, InputsName
from seglab.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class DemoConfig(DatasetConfig):
    """The whole line in one run: prepare, saliency, a small UNet, evaluation, results table."""

    inputs: InputsName = "rgb+guided"
    """What the network sees: RGB, a saliency map, or both stacked."""
    epochs: int = 10
    """Passes over the training tiles."""
    seed: int = 0
    """Seed of initial weights, order of tiles and dropout."""

    def __post_init__(self) -> None:
        if self.epochs < 1:
            raise ConfigError(f"--epochs={self.epochs} must be at least 1")
