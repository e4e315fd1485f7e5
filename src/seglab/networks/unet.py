"""UNet (Ronneberger et al. 2015) in the Keras form in which the saliency study trained it."""

import math

import torch
import torch.nn.functional as F  # noqa: N812
from jaxtyping import Float
from torch import Tensor, nn

LEVELS = 4
DIVISOR = 2**LEVELS
"""Height and width must be multiples of it, as the network halves a picture four times."""

KERAS_TRUNCATION_STD = 0.87962566103423978
"""Standard deviation of a unit normal truncated at ±2; Keras divides by it to restore variance."""


class UNet(nn.Module):
    """Logits of a UNet with four levels, dropout before the last pooling and in the bottleneck.

    ``width`` is the number of channels of the first level; level k has ``width``·2^k. With width
    64 and one class it has 31,030,593 / 31,031,745 / 31,032,321 parameters for 1 / 3 / 4 channels.
    No batch norm; the skip of the last level carries its dropout, as in the study.
    """

    def __init__(self, channels: int, width: int = 64, classes: int = 1) -> None:
        super().__init__()
        widths = [width * 2**level for level in range(LEVELS + 1)]
        self.encoder = nn.ModuleList(
            conv_pair(before, after)
            for before, after in zip([channels, *widths[:-2]], widths[:-1], strict=True)
        )
        self.bottleneck = conv_pair(widths[-2], widths[-1])
        self.dropout = nn.Dropout(0.5)
        self.up = nn.ModuleList(UpConv(2 * w, w) for w in reversed(widths[:-1]))
        self.decoder = nn.ModuleList(conv_pair(2 * w, w) for w in reversed(widths[:-1]))
        self.head = nn.Conv2d(width, classes, 1)
        initialise(self)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b k h w"]:
        """Logits with shape ``(b, classes, h, w)`` of ``x`` in [0, 1]; h and w divisible by 16."""
        height, width = x.shape[-2:]
        if height % DIVISOR or width % DIVISOR:
            raise ValueError(
                f"height={height}, width={width} must be divisible by {DIVISOR}: pad to "
                f"{math.ceil(height / DIVISOR) * DIVISOR}×{math.ceil(width / DIVISOR) * DIVISOR}"
            )
        skips = []
        for level, block in enumerate(self.encoder, start=1):
            x = block(x)
            if level == LEVELS:
                x = self.dropout(x)
            skips.append(x)
            x = F.max_pool2d(x, 2)
        x = self.dropout(self.bottleneck(x))
        for up, block in zip(self.up, self.decoder, strict=True):
            x = block(torch.cat([skips.pop(), up(x)], dim=1))
        logits: Tensor = self.head(x)
        return logits


class UpConv(nn.Module):
    """Nearest upsampling by 2, then a 2×2 "same" convolution padded bottom and right, and ReLU.

    Computed as one transposed convolution of stride 2. Upsampling writes each pixel to two rows of
    which a kernel with the rows w₀ and w₁ reads this one and the next: a pixel reaches three rows,
    by w₁, w₀ + w₁ and w₀; and so for columns. That is 9 multiplications where there were 16, and
    no upsampled picture in between.
    """

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(before, after, 2)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d h2 w2"]:
        """``x`` at twice its height and width."""
        kernel = F.pad(self.conv.weight, (1, 1, 1, 1))
        kernel = kernel[..., 1:, :] + kernel[..., :-1, :]
        kernel = (kernel[..., 1:] + kernel[..., :-1]).flip(2, 3).transpose(0, 1)
        bias = self.conv.bias
        y = F.conv_transpose2d(x, kernel, bias, stride=2, padding=1, output_padding=1)
        return F.relu(y, inplace=True)


def conv_pair(before: int, after: int) -> nn.Sequential:
    """Two 3×3 "same" convolutions, each followed by ReLU."""
    return nn.Sequential(
        nn.Conv2d(before, after, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(after, after, 3, padding=1),
        nn.ReLU(inplace=True),
    )


def initialise(network: UNet) -> None:
    """He-normal weights (Keras' truncated form), Glorot-uniform head, zero biases.

    Keras draws he_normal from a normal truncated at ±2σ with σ = √(2/fan_in)/0.8796, so that the
    standard deviation after truncation is √(2/fan_in) (He et al. 2015; Keras 2.2.4).
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            assert module.bias is not None
            nn.init.zeros_(module.bias)
            if module is network.head:
                nn.init.xavier_uniform_(module.weight)
                continue
            fan_in = module.weight[0].numel()
            std = math.sqrt(2 / fan_in) / KERAS_TRUNCATION_STD
            nn.init.trunc_normal_(module.weight, std=std, a=-2 * std, b=2 * std)
