"""What a network makes of a whole picture: a probability map tile by tile, or a painted picture."""

import numpy as np
import torch
from jaxtyping import Float, Float32, UInt8
from torch import Tensor, nn

from seglab.data.tiles import cut, merge
from seglab.errors import CheckpointError
from seglab.networks.memory import memory_told
from seglab.networks.precision import autocast
from seglab.networks.unet import DIVISOR, UNet

SMALLER = "take a machine with more, cut pictures into parts, or train with a smaller --tile"
"""What helps where a network needs more memory for its answer than there is."""


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
            answer(network, tiles[start : start + batch_size], device, precision)[:, 0]
            for start in range(0, len(tiles), batch_size)
        ]
    finally:
        network.train(was_training)
    p: Float32[np.ndarray, "n tile tile"] = torch.cat(batches).sigmoid().cpu().numpy()
    return merge(p, height, width)


def painted(
    network: nn.Module, stacked: UInt8[np.ndarray, "h w c"], device: torch.device
) -> UInt8[np.ndarray, "h w 3"]:
    """A picture as a network paints it, as 255·colour rounded; parameters as in ``colours``."""
    pixels: UInt8[np.ndarray, "h w 3"] = np.rint(255 * colours(network, stacked, device)).astype(
        np.uint8
    )
    return pixels


def colours(
    network: nn.Module, stacked: UInt8[np.ndarray, "h w c"], device: torch.device
) -> Float32[np.ndarray, "h w 3"]:
    """The colours a network gives to a picture of any size seen as a whole, cut off at 0 and 1.

    Always in fp32, for bf16 tells fewer colours apart than a picture of 8 bits has. For a UNet the
    picture is continued by its mirror image to a multiple of 16, and the answer cut back. The
    superpixel study stretched the answer to 0…1 instead, which shifts the colours of each picture
    by its extremes. ``stacked`` and what is raised as for ``probabilities``.
    """
    height, width = stacked.shape[:2]
    divisor = DIVISOR if isinstance(network, UNet) else 1
    missing = [(0, -side % divisor) for side in (height, width)]
    whole = np.pad(stacked, [*missing, (0, 0)], mode="symmetric")
    outputs = answer(network.to(device).eval(), whole[np.newaxis], device, "fp32")
    values: Float32[np.ndarray, "h w 3"] = outputs[0].clamp(0, 1).permute(1, 2, 0).cpu().numpy()
    return values[:height, :width]


@torch.inference_mode()
def answer(
    network: nn.Module, batch: UInt8[np.ndarray, "n h w c"], device: torch.device, precision: str
) -> Float[Tensor, "n k h w"]:
    """What ``network``, in evaluation mode, makes of a batch; ``CheckpointError`` for a NaN.

    Raises ``OutOfMemoryError`` with the size of what did not fit.
    """
    size = "×".join(map(str, batch.shape[:3]))
    with memory_told(f"with {size} pixels at once", SMALLER), autocast(precision, device):
        # Channels last in memory, as the pictures come: what convolutions are fastest on.
        outputs: Tensor = network(torch.from_numpy(batch).to(device).permute(0, 3, 1, 2) / 255)
    if outputs.isnan().any():
        raise CheckpointError(
            f"the network answers NaN in {precision}: its weights are damaged or were trained to "
            "overflow; use another run's checkpoint"
        )
    return outputs.float()
