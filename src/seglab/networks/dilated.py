"""Dilated 3×3 convolutions, on CPUs by way of plain ones, which are faster there and right."""

import torch
import torch.nn.functional as F  # noqa: N812
from jaxtyping import Float
from torch import Tensor, nn


class DilatedConv2d(nn.Conv2d):
    """A 3×3 convolution of ``dilation`` d with zero padding that keeps the size.

    Every d-th pixel of every d-th row is a picture of its own, on which the convolution is a plain
    one; so on a CPU these d² pictures are laid one after the other, convolved and put back (as in
    Yu, Koltun, Funkhouser, "Dilated residual networks", 2017, §2, and TensorFlow's space to batch).
    oneDNN's own dilated convolutions are slower there than both copies; and in bf16 without AMX
    their weight gradient is wrong where channels are last in memory: for 24 channels in PyTorch
    2.15 by 29 % at dilation 2, and from 4 on the process crashes.
    """

    def __init__(self, before: int, after: int, dilation: int, bias: bool) -> None:
        super().__init__(before, after, 3, padding=dilation, dilation=dilation, bias=bias)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b k h w"]:
        """The convolution of ``x``, of any size."""
        step = self.dilation[0]
        if step == 1 or x.device.type != "cpu":
            return super().forward(x)
        if torch.is_autocast_enabled("cpu"):  # copies half as large
            x = x.to(torch.get_autocast_dtype("cpu"))
        height, width = x.shape[-2:]
        if height % step or width % step:
            x = F.pad(x, (0, -width % step, 0, -height % step))
        y = F.conv2d(every(x, step), self.weight, self.bias, padding=1)
        return together(y, step)[..., :height, :width]


def every(x: Float[Tensor, "b c h w"], step: int) -> Float[Tensor, "n c p q"]:
    """Each ``step``-th pixel of each ``step``-th row, from every offset: n = b·step² pictures of
    h/step × w/step pixels, channels last in memory."""
    batch, channels, height, width = x.shape
    rows, cols = height // step, width // step
    y = x.permute(0, 2, 3, 1).reshape(batch, rows, step, cols, step, channels)
    y = y.permute(0, 2, 4, 1, 3, 5).reshape(batch * step * step, rows, cols, channels)
    return y.permute(0, 3, 1, 2)


def together(y: Float[Tensor, "n c p q"], step: int) -> Float[Tensor, "b c h w"]:
    """Undoes ``every``."""
    number, channels, rows, cols = y.shape
    batch = number // (step * step)
    x = y.permute(0, 2, 3, 1).reshape(batch, step, step, rows, cols, channels)
    x = x.permute(0, 3, 1, 4, 2, 5).reshape(batch, rows * step, cols * step, channels)
    return x.permute(0, 3, 1, 2)
