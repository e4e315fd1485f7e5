"""Adaptive batch normalisation (Chen, Xu, Koltun, "Fast image processing with fully-convolutional
networks", ICCV 2017, §3): a network learns for each layer how much of it to normalise."""

import torch
from jaxtyping import Float
from torch import Tensor, nn


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
        normalised: Tensor = self.a * x + self.b * self.bn(x)
        return normalised


def norm_scalars(network: nn.Module) -> dict[str, float]:
    """``norm/<layer>_a`` and ``_b`` of each adaptive norm of ``network``, numbered from 01 in the
    order of the layers; empty for a network without one. (One slash: one section in MLflow.)"""
    norms = [module for module in network.modules() if isinstance(module, AdaptiveNorm)]
    return {
        f"norm/{number:02}_{name}": getattr(norm, name).item()
        for number, norm in enumerate(norms, start=1)
        for name in ("a", "b")
    }
