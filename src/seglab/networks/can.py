"""Context aggregation networks: dilated convolutions at full resolution (Chen, Xu, Koltun 2017)."""

import torch
import torch.nn.functional as F  # noqa: N812
from jaxtyping import Float
from torch import Tensor, nn

from seglab.networks.dilated import DilatedConv2d
from seglab.networks.norm import AdaptiveNorm


class CAN(nn.Module):
    """A context aggregation network of ``depth`` ≥ 4 layers, in one of two forms.

    ``chen=False`` is the superpixel study's. Each convolution has a bias, zero padding and
    PyTorch's initial weights; the adaptive norm follows every layer, the last included:

    | layer | channels | kernel | dilation | after it |
    |---|---|---|---|---|
    | 1 | channels → width | 3×3 | 1 | norm, leaky rectifier |
    | s = 2 … depth-2 | width → width | 3×3 | 2^(s-1) | norm, leaky rectifier |
    | depth-1 | width → width | 3×3 | 1 | norm, leaky rectifier |
    | depth | width → classes | 1×1 | 1 | norm |

    An output pixel sees 1 + 2^(depth-1) input pixels across. Depth 7, width 24 and 3 → 3 channels
    make 27,095 parameters.

    ``chen=True`` is the form of the paper (CAN24_AN: depth 9, width 24): the same dilations
    1, 2, 4 … 2^(depth-3), then 1; no bias where a norm follows, and identity kernels at first, so
    that the untrained network passes the picture on; its last layer is linear, with a bias.
    """

    def __init__(
        self,
        channels: int,
        classes: int,
        width: int = 24,
        depth: int = 7,
        chen: bool = False,
        alpha: float = 0.2,
        original_norm: bool = False,
    ) -> None:
        super().__init__()
        self.body = nn.Sequential(*body(channels, width, depth, chen, alpha, original_norm))
        head = nn.Conv2d(width, classes, 1)
        self.head = head if chen else nn.Sequential(head, AdaptiveNorm(classes, original_norm))

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b k h w"]:
        """Output of shape ``(b, classes, h, w)`` for ``x`` in [0, 1] of any size."""
        y: Tensor = self.head(self.body(x))
        return y


class CANUNet(CAN):
    """A CAN whose body is seen at full and at half resolution, joined as a UNet joins its levels.

        x ── body of the CAN ──┬───────────────── skip ─────────────────┬─ concat ─ 3×3 ─ 1×1 ── y
             width, full size  └─ max-pool 2 ─ 3×3 ─ 3×3 ─ upsample 2 ──┘  3·width → width
                                  2·width, half size

    The superpixel study names the combination as future work ("adding only one U-Net layer on the
    CAN") and leaves it open; this is the least network that does so. Each 3×3 convolution is
    followed by the adaptive norm and the leaky rectifier, the last 1×1 by the norm as in the CAN.
    """

    def __init__(
        self,
        channels: int,
        classes: int,
        width: int = 24,
        depth: int = 7,
        chen: bool = False,
        alpha: float = 0.2,
        original_norm: bool = False,
    ) -> None:
        super().__init__(channels, classes, width, depth, chen, alpha, original_norm)

        def layer(before: int, after: int) -> nn.Sequential:
            return conv_layer(before, after, 1, chen, alpha, original_norm)

        self.lower = nn.Sequential(layer(width, 2 * width), layer(2 * width, 2 * width))
        self.join = layer(3 * width, width)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b k h w"]:
        """Output of shape ``(b, classes, h, w)`` for ``x`` in [0, 1] of any size."""
        full = self.body(x)
        # Rounded up, so that the last row and column of an odd size are seen at half size too.
        half = self.lower(F.max_pool2d(full, 2, ceil_mode=True))
        up = F.interpolate(half, scale_factor=2, mode="nearest")[..., : x.shape[-2], : x.shape[-1]]
        y: Tensor = self.head(self.join(torch.cat([full, up], dim=1)))
        return y


def body(
    channels: int, width: int, depth: int, chen: bool, alpha: float, original_norm: bool
) -> list[nn.Module]:
    """All layers of a CAN but the last."""
    if depth < 4:
        raise ValueError(f"depth={depth}: a CAN has 4 layers or more")
    dilations = [2**layer for layer in range(depth - 2)] + [1]
    widths = [channels] + [width] * len(dilations)
    return [
        conv_layer(before, after, dilation, chen, alpha, original_norm)
        for before, after, dilation in zip(widths[:-1], widths[1:], dilations, strict=True)
    ]


def conv_layer(
    before: int, after: int, dilation: int, chen: bool, alpha: float, original_norm: bool
) -> nn.Sequential:
    """A 3×3 convolution that keeps the size, adaptive norm, leaky rectifier of slope ``alpha``."""
    conv = DilatedConv2d(before, after, dilation, bias=not chen)
    if chen:
        nn.init.dirac_(conv.weight)
    rectifier = nn.LeakyReLU(alpha, inplace=True)
    return nn.Sequential(conv, AdaptiveNorm(after, original_norm), rectifier)
