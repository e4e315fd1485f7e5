"""Adaptive batch normalisation (Chen, Xu, Koltun, "Fast image processing with fully-convolutional
networks", ICCV 2017, §3): a network learns for each layer how much of it to normalise."""

from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable


class AdaptiveNorm(nn.Module):
    """y = a·x + b·BN(x), with one learnt a and one learnt b a layer; at first y = x.

    BN is batch normalisation with learnt scale and shift (epsilon 1e-5, momentum 0.1), which in
    evaluation mode uses the statistics gathered in training. ``original`` is what the superpixel
    study really ran: its arguments stood in another order than PyTorch's, so that epsilon was 0.1
    and its networks were never put into evaluation mode, so that every batch, down to a single
    picture, is normalised by its own statistics.
    """

    def __init__(self, channels: int, original: bool = False) -> None:
        super().__init__()
        self.a = nn.Parameter(torch.ones(()))
        self.b = nn.Parameter(torch.zeros(()))
        # Without running statistics BatchNorm2d takes the batch's own in either mode.
        self.bn = nn.BatchNorm2d(
            channels, eps=0.1 if original else 1e-5, track_running_stats=not original
        )

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """``x``, normalised as far as was learnt."""
        bn = self.bn
        # What sees the batches of several processes, or shapes alone, is PyTorch's.
        if type(bn) is not nn.BatchNorm2d or x.is_meta:
            normalised: Tensor = self.a * x + self.b * bn(x)
            return normalised
        mean, variance = bn.running_mean, bn.running_var
        if bn.training or mean is None or variance is None:
            if bn.num_batches_tracked is not None:
                bn.num_batches_tracked.add_(1)
            y: Tensor = _BatchMix.apply(
                x, self.a, self.b, bn.weight, bn.bias, mean, variance, bn.momentum, bn.eps
            )
            return y
        return mixed(x, mean, variance, self.a, self.b, bn.weight, bn.bias, bn.eps)


def mixes_batch(network: nn.Module) -> bool:
    """Whether what a network makes of a picture depends on those beside it, in evaluation too."""
    norms = (layer for layer in network.modules() if isinstance(layer, nn.BatchNorm2d))
    return any(norm.running_mean is None for norm in norms)


class _BatchMix(torch.autograd.Function):
    """a·x + b·(γ·x̂ + β) with x̂ = (x − mean)/std, both over the batch, for each channel.

    That is itself a multiple of x and a shift, and its gradient a multiple of g, one of x and a
    shift, once Σg and Σg·x̂ are known: a picture is read or written less than half as often as by
    the formula as it is written.
    """

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        a: Tensor,
        b: Tensor,
        weight: Tensor,
        bias: Tensor,
        running_mean: Tensor | None,
        running_variance: Tensor | None,
        momentum: float,
        eps: float,
    ) -> Tensor:
        if running_mean is None or running_variance is None:
            # Without any, PyTorch would round the statistics of a bf16 picture to bf16.
            running_mean, running_variance = torch.zeros_like(weight), torch.ones_like(weight)
        mean, variance = torch.batch_norm_update_stats(x, running_mean, running_variance, momentum)
        ctx.save_for_backward(x, a, b, weight, bias, mean, (variance + eps).sqrt())
        ctx.eps = eps
        return mixed(x, mean, variance, a, b, weight, bias, eps)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, a, b, weight, bias, mean, std = ctx.saved_tensors
        _, along, total = torch.ops.aten.native_batch_norm_backward(
            gradient, x, weight, None, None, mean, 1 / std, True, ctx.eps, (False, True, True)
        )  # Σg·x̂ and Σg
        number = x.numel() / len(mean)
        scale = b * weight / std
        slope = -scale * along / std / number
        zeros, ones = torch.zeros_like(mean), torch.ones_like(mean)
        # Both affine, so that no factor of a whole channel is ever rounded to bf16.
        of_x = affine(gradient, zeros, ones, a + scale, -scale * total / number, 0.0)
        of_x += affine(x, mean, ones, slope, zeros, 0.0)
        of_a, of_b = (std * along + mean * total).sum(), (weight * along + bias * total).sum()
        return of_x, of_a, of_b, b * along, b * total, None, None, None, None


def mixed(
    x: Float[Tensor, "b c h w"],
    mean: Float[Tensor, " c"],
    variance: Float[Tensor, " c"],
    a: Float[Tensor, ""],
    b: Float[Tensor, ""],
    weight: Float[Tensor, " c"],
    bias: Float[Tensor, " c"],
    eps: float,
) -> Float[Tensor, "b c h w"]:
    """a·x + b·(γ·x̂ + β) with γ = ``weight``, β = ``bias`` and x̂ by these statistics."""
    scale = a * (variance + eps).sqrt() + b * weight
    return affine(x, mean, variance, scale, a * mean + b * bias, eps)


def affine(
    x: Float[Tensor, "b c h w"],
    mean: Float[Tensor, " c"],
    variance: Float[Tensor, " c"],
    scale: Float[Tensor, " c"],
    shift: Float[Tensor, " c"],
    eps: float,
) -> Float[Tensor, "b c h w"]:
    """``scale``·(x − mean)/√(variance + eps) + ``shift`` for each channel."""
    return F.batch_norm(x, mean, variance, scale, shift, training=False, eps=eps)


def norm_scalars(network: nn.Module) -> dict[str, float]:
    """``norm/<layer>_a`` and ``_b`` of each adaptive norm of ``network``, numbered from 01 in the
    order of the layers; empty for a network without one. (One slash: one section in MLflow.)"""
    norms = [module for module in network.modules() if isinstance(module, AdaptiveNorm)]
    return {
        f"norm/{number:02}_{name}": getattr(norm, name).item()
        for number, norm in enumerate(norms, start=1)
        for name in ("a", "b")
    }
