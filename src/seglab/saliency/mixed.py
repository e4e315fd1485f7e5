"""Convolutions that run forward in fp32 and backward in bf16."""

from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.grad import conv2d_input


class MixedConv2d(nn.Conv2d):
    """A convolution with frozen weights whose gradient is computed in bf16.

    What bf16 costs a saliency map is lost on the way forward: there its rounding decides near-ties
    of ReLUs and of pooling otherwise, and whole paths of the gradient with them. Backward all is
    linear, and 8 bits are enough for a map of 8 bits.
    """

    coarse: Tensor
    """The weights in bf16; made by ``prepare``."""

    def prepare(self) -> None:
        """Takes the weights as they are now for the way back."""
        self.register_buffer("coarse", self.weight.to(torch.bfloat16), persistent=False)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b k h w"]:
        """The convolution of ``x`` in fp32."""
        y: Tensor = _Mixed.apply(x, self)
        return y


class _Mixed(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, conv: MixedConv2d) -> Tensor:
        ctx.conv, ctx.shape = conv, x.shape
        return F.conv2d(x, conv.weight, conv.bias, padding=conv.padding)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        conv = ctx.conv
        gradient = gradient.to(torch.bfloat16)
        coarse: Tensor = conv2d_input(  # type: ignore[no-untyped-call]
            ctx.shape, conv.coarse, gradient, padding=conv.padding
        )
        return coarse.float(), None
