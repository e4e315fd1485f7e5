"""Losses of painted pictures: mean squared error and total variation.

Each total variation is a mean over all values, so that its weight means the same for every batch,
crop and number of channels. The superpixel study took the plain sum of absolute differences over
pixels, divided by 3·batch: its weight α is ours divided by the pixels of a crop. Its α = 1e-6 on
crops of 224² is ``tv_weight`` 1e-6·224² = 0.05 with the anisotropic form.
"""

from collections.abc import Callable
from typing import TypeAlias

import torch
import torch.nn.functional as F  # noqa: N812
from jaxtyping import Float
from torch import Tensor

Pictures: TypeAlias = Float[Tensor, "b c h w"]

SMALLEST = 1e-12
"""Added under the root of the isotropic form, whose slope at 0 would be infinite."""


def anisotropic(x: Pictures) -> Float[Tensor, ""]:
    """Mean of |∂x| + |∂y|: what the superpixel study's code computed, but for the scale.

    Forward differences, 0 at the last row and column (Rudin, Osher, Fatemi 1992, in its
    anisotropic form).
    """
    dy, dx = differences(x)
    return (dy.abs().sum() + dx.abs().sum()) / x.numel()


def isotropic(x: Pictures) -> Float[Tensor, ""]:
    """Mean of √(∂x² + ∂y²), channel by channel (Rudin, Osher, Fatemi 1992; the study's slides)."""
    dy, dx = differences(x)
    squares = F.pad(dy, (0, 0, 0, 1)).square() + F.pad(dx, (0, 1)).square()
    return torch.sqrt(squares + SMALLEST).mean()


def squared(x: Pictures) -> Float[Tensor, ""]:
    """Mean of ∂x² + ∂y² (Tikhonov's smoothness; the formula in the study's report)."""
    dy, dx = differences(x)
    return (dy.square().sum() + dx.square().sum()) / x.numel()


def differences(x: Pictures) -> tuple[Tensor, Tensor]:
    """Forward differences down, (b, c, h-1, w), and to the right, (b, c, h, w-1)."""
    return x[..., 1:, :] - x[..., :-1, :], x[..., 1:] - x[..., :-1]


TOTAL_VARIATIONS: dict[str, Callable[[Pictures], Float[Tensor, ""]]] = {
    "anisotropic": anisotropic,
    "isotropic": isotropic,
    "squared": squared,
}
