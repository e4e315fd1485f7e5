"""What a network makes of a whole picture: cut into tiles, predicted, merged."""

import numpy as np
import torch
from jaxtyping import Float32, UInt8
from torch import nn

from seglab.data.tiles import cut, merge
from seglab.errors import CheckpointError
from seglab.networks.precision import autocast


def probability_map(
    network: nn.Module,
    stacked: UInt8[np.ndarray, "h w c"],
    tile: int,
    device: torch.device,
    precision: str,
    batch_size: int,
) -> UInt8[np.ndarray, "h w"]:
    """Object probability of every pixel of a picture, as 255·p rounded.

    Parameters as in ``probabilities``.
    """
    p = probabilities(network, stacked, tile, device, precision, batch_size)
    stored: UInt8[np.ndarray, "h w"] = np.rint(255 * p).astype(np.uint8)
    return stored


def probabilities(
    network: nn.Module,
    stacked: UInt8[np.ndarray, "h w c"],
    tile: int,
    device: torch.device,
    precision: str,
    batch_size: int,
) -> Float32[np.ndarray, "h w"]:
    """Object probability in [0, 1] of every pixel of a picture of any size.

    ``stacked`` holds the network's input channels (RGB first, then saliency); it is cut into tiles
    of side ``tile``, padded with zeros at the bottom and right, as in training. ``precision`` is
    fp32 or bf16. The network is moved to ``device`` and stays in the mode (training or evaluation)
    it was in. Raises ``CheckpointError`` if it answers NaN.
    """
    height, width = stacked.shape[:2]
    tiles = cut(stacked, tile)
    was_training = network.training
    network.to(device).eval()
    try:
        batches = [
            predict_batch(network, tiles[start : start + batch_size], device, precision)
            for start in range(0, len(tiles), batch_size)
        ]
    finally:
        network.train(was_training)
    return merge(np.concatenate(batches), height, width)


@torch.inference_mode()
def predict_batch(
    network: nn.Module,
    tiles: UInt8[np.ndarray, "n tile tile c"],
    device: torch.device,
    precision: str,
) -> Float32[np.ndarray, "n tile tile"]:
    """Object probability of every pixel of a few tiles; ``network`` is in evaluation mode."""
    # Channels last in memory, as the pictures come: what convolutions are fastest on.
    x = torch.from_numpy(tiles).to(device).permute(0, 3, 1, 2) / 255
    with autocast(precision, device):
        logits = network(x)
    if logits.isnan().any():
        raise CheckpointError(
            f"the network answers NaN in {precision}: its weights are damaged or were trained to "
            "overflow; use another run's checkpoint"
        )
    p: Float32[np.ndarray, "n tile tile"] = logits[:, 0].float().sigmoid().cpu().numpy()
    return p
