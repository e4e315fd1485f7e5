"""The three backward rules of a ReLU, over one shared forward pass."""

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from seglab.saliency.config import Rule

BACKWARD: dict[Rule, Callable[[Tensor, Tensor], Tensor]] = {
    "backprop": lambda gradient, output: torch.ops.aten.threshold_backward(gradient, output, 0),
    "deconv": lambda gradient, output: gradient.relu(),
    "guided": lambda gradient, output: torch.ops.aten.threshold_backward(
        gradient, output, 0
    ).relu_(),
}
"""Gradient of a ReLU's input from that of its output and the output itself.

backprop: gradient·[output > 0] (Simonyan et al. 2014); deconv: gradient·[gradient > 0] (Zeiler and
Fergus 2014); guided: both conditions (Springenberg et al. 2015).
"""


class Rectifier(nn.Module):
    """ReLU whose backward pass follows ``rule``, read when the backward pass runs.

    One forward pass thus serves any number of rules: set ``rule``, differentiate, set the next.
    """

    def __init__(self) -> None:
        super().__init__()
        self.rule: Rule = "backprop"

    def forward(self, x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """``x`` where it is positive, 0 elsewhere."""
        y: Tensor = _Rectify.apply(x, self)
        return y


class _Rectify(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, rectifier: Rectifier) -> Tensor:
        y = x.relu()
        ctx.save_for_backward(y)
        ctx.rectifier = rectifier
        return y

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (y,) = ctx.saved_tensors
        return BACKWARD[ctx.rectifier.rule](gradient, y), None
