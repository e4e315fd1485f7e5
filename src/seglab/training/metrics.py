"""Scores of each sample of a batch while training."""

import torch
from jaxtyping import Float
from torch import Tensor


def tile_scores(
    logits: Float[Tensor, "b 1 h w"], target: Float[Tensor, "b 1 h w"]
) -> tuple[Float[Tensor, " b"], Float[Tensor, " b"]]:
    """IoU and Dice of every padded tile at threshold 0.5, as the saliency study logged them.

    Both are 1 where neither prediction nor target has an object.
    A pixel is predicted as object from probability 0.5 on, that is from logit 0 on.
    """
    predicted, true = logits >= 0, target >= 0.5
    both = (predicted & true).sum((1, 2, 3))
    sizes = predicted.sum((1, 2, 3)) + true.sum((1, 2, 3))
    union = sizes - both
    empty = union == 0
    iou = (both / union.clamp(min=1)).masked_fill(empty, 1.0)
    dice = (2 * both / sizes.clamp(min=1)).masked_fill(empty, 1.0)
    return iou, dice


def psnr(
    painted: Float[Tensor, "b c h w"], target: Float[Tensor, "b c h w"]
) -> Float[Tensor, " b"]:
    """Peak signal-to-noise ratio of pictures in [0, 1], -10·log₁₀ of the mean squared error, in dB.

    100 dB, more than 8 bits can tell apart, stands for any smaller error, and for none.
    """
    error = (painted - target).square().mean((1, 2, 3))
    return -10 * torch.log10(error.clamp(min=1e-10))
