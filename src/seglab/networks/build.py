"""A network by its name."""

from torch import nn

from seglab.networks.can import CAN, CANUNet
from seglab.networks.names import WIDTHS
from seglab.networks.unet import UNet


def build(
    model: str,
    channels: int,
    classes: int,
    width: int = 0,
    depth: int = 7,
    dilations: str = "report",
    alpha: float = 0.2,
    norm: str = "adaptive",
) -> nn.Module:
    """A freshly initialised ``model`` that turns ``channels`` channels into ``classes``.

    ``width`` 0 is the model's own; ``depth`` and what follows it shape CAN and CAN+UNet alone.
    """
    width = width or WIDTHS[model]
    if model == "unet":
        return UNet(channels, width, classes)
    return {"can": CAN, "can_unet": CANUNet}[model](
        channels,
        classes,
        width,
        depth,
        chen=dilations == "chen",
        alpha=alpha,
        original_norm=norm == "adaptive_original",
    )
