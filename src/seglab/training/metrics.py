"""Scores of a batch while training: per padded tile at threshold 0.5, as the study logged them."""

from jaxtyping import Float
from torch import Tensor


def tile_scores(
    logits: Float[Tensor, "b 1 h w"], target: Float[Tensor, "b 1 h w"]
) -> tuple[Float[Tensor, " b"], Float[Tensor, " b"]]:
    """IoU and Dice of every tile; both are 1 where neither prediction nor target has an object.

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
