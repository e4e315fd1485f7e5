"""Superpixels to look at."""

import numpy as np
from jaxtyping import Int, UInt8

RED = (213, 94, 0)
"""The house's vermillion, which no photograph has much of."""


def outlined(
    image: UInt8[np.ndarray, "h w 3"], labels: Int[np.ndarray, "h w"]
) -> UInt8[np.ndarray, "h w 3"]:
    """A copy of ``image`` with a line, one pixel wide, between superpixels."""
    edge = np.zeros(labels.shape, bool)
    edge[:-1] |= labels[1:] != labels[:-1]
    edge[:, :-1] |= labels[:, 1:] != labels[:, :-1]
    drawn = np.array(image)
    drawn[edge] = RED
    return drawn
