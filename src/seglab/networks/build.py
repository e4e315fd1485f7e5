"""A network by its name."""

from collections.abc import Callable

from torch import nn

from seglab.networks.unet import UNet

NETWORKS: dict[str, Callable[[int, int], nn.Module]] = {"unet": UNet}
TITLES = {"unet": "UNet"}
"""How the studies print each network."""


def build(model: str, channels: int, width: int) -> nn.Module:
    """A freshly initialised ``model`` that turns ``channels`` channels into one mask's logits."""
    return NETWORKS[model](channels, width)
