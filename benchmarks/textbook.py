"""seglab's networks as tutorials write them, of PyTorch's own layers."""

import copy

from jaxtyping import Float
from torch import Tensor, nn

from seglab.networks.dilated import DilatedConv2d
from seglab.networks.norm import AdaptiveNorm
from seglab.networks.unet import UpConv


class TextbookNorm(nn.Module):
    """The adaptive norm by its formula, a·x + b·BN(x)."""

    def __init__(self, norm: AdaptiveNorm) -> None:
        super().__init__()
        self.a, self.b, self.bn = norm.a, norm.b, norm.bn

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """``x``, normalised as far as was learnt."""
        y: Tensor = self.a * x + self.b * self.bn(x)
        return y


def textbook(network: nn.Module) -> nn.Module:
    """A copy of ``network``, weights included, in which no layer is seglab's own."""
    network = copy.deepcopy(network)
    for parent in list(network.modules()):
        for name, layer in parent.named_children():
            setattr(parent, name, counterpart(layer))
    return network


def counterpart(layer: nn.Module) -> nn.Module:
    """PyTorch's layer, or layers, for one of seglab's; any other as it is."""
    if isinstance(layer, AdaptiveNorm):
        return TextbookNorm(layer)
    if isinstance(layer, UpConv):
        pad = nn.ZeroPad2d((0, 1, 0, 1))
        return nn.Sequential(nn.Upsample(scale_factor=2), pad, layer.conv, nn.ReLU(inplace=True))
    if not isinstance(layer, DilatedConv2d):
        return layer
    before, after, (dilation, _) = layer.in_channels, layer.out_channels, layer.dilation
    bias = layer.bias is not None
    conv = nn.Conv2d(before, after, 3, padding=dilation, dilation=dilation, bias=bias)
    conv.load_state_dict(layer.state_dict())
    return conv
