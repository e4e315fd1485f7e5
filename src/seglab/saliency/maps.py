"""From pixels to saliency maps, as the original study defined them (its §2)."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeAlias

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from seglab.data.tiles import cut, grid, merge
from seglab.saliency.config import Preprocessing, Rule
from seglab.saliency.settings import Settings
from seglab.saliency.vgg import Vgg16

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
EPSILON = 1e-7
"""Keeps the normalisation of a flat gradient finite (Keras' epsilon)."""

MapByRule: TypeAlias = dict[Rule, UInt8[np.ndarray, "h w"]]


def saliency_maps(
    network: Vgg16,
    image: UInt8[np.ndarray, "h w 3"],
    rules: Sequence[Rule],
    settings: Settings,
    batch_size: int = 16,
) -> MapByRule:
    """One map a rule, with shape ``(h, w)``, of an RGB picture of any size.

    The picture is cut into square patches, zero-padded at bottom and right; each patch is scored
    and normalised by itself, so that seams between patches are part of a map. It is computed where
    ``network`` lies.
    """
    height, width = image.shape[:2]
    rows, cols = grid(height, width, settings.patch)
    return next(stream_maps(network, [image], rules, settings, min(batch_size, rows * cols)))


def stream_maps(
    network: Vgg16,
    images: Iterable[UInt8[np.ndarray, "h w 3"]],
    rules: Sequence[Rule],
    settings: Settings,
    batch_size: int,
    ready: Callable[[int], object] = lambda patches: None,
) -> Iterator[MapByRule]:
    """The maps of each picture as soon as its last patch is done; batches run across pictures.

    ``ready`` is told the number of patches each batch computed. Batches are always full, for some
    kernels round differently at other batch sizes: a map has the same bytes whichever pictures are
    computed beside it.
    """
    waiting: deque[tuple[int, int, int]] = deque()
    done: dict[Rule, list[UInt8[np.ndarray, "p p"]]] = {rule: [] for rule in rules}

    def patches() -> Iterator[UInt8[np.ndarray, "p p 3"]]:
        for image in images:
            tiles = cut(image, settings.patch)
            waiting.append((len(tiles), *image.shape[:2]))
            yield from tiles

    stream = patches()
    while batch := list(islice(stream, batch_size)):
        full = np.zeros((batch_size, settings.patch, settings.patch, 3), np.uint8)
        full[: len(batch)] = batch
        for rule, maps in patch_maps(network, full, rules, settings).items():
            done[rule] += list(maps[: len(batch)])
        ready(len(batch))
        while waiting and waiting[0][0] <= len(done[rules[0]]):
            count, height, width = waiting.popleft()
            yield {rule: merge(np.stack(done[rule][:count]), height, width) for rule in rules}
            for rule in rules:
                del done[rule][:count]


def patch_maps(
    network: Vgg16,
    patches: UInt8[np.ndarray, "n p p 3"],
    rules: Sequence[Rule],
    settings: Settings,
) -> dict[Rule, UInt8[np.ndarray, "n p p"]]:
    """Maps of a batch of patches in one forward pass and one backward pass a rule."""
    x = preprocess(torch.from_numpy(patches).to(network.device), settings.preprocessing)
    x = x.to(network.dtype).requires_grad_()
    score = network.score(x, settings.target).sum()
    maps = {}
    for rule in rules:
        network.rectifier.rule = rule
        (gradient,) = torch.autograd.grad(score, x, retain_graph=True)
        maps[rule] = to_map(gradient.float()).cpu().numpy()
    return maps


def preprocess(
    patches: UInt8[Tensor, "n h w 3"], preprocessing: Preprocessing
) -> Float[Tensor, "n 3 h w"]:
    """Network input in channels-last layout.

    imagenet: [0, 1] normalised by ImageNet's mean and std, as torchvision's weights expect; raw:
    0…255 as it is, which the original study fed to its network.
    """
    x = patches.permute(0, 3, 1, 2).float()
    if preprocessing == "raw":
        return x
    mean = torch.tensor(IMAGENET_MEAN, device=x.device).view(3, 1, 1)
    std = torch.tensor(IMAGENET_STD, device=x.device).view(3, 1, 1)
    return (x / 255 - mean) / std


def to_map(gradient: Float[Tensor, "n 3 h w"]) -> UInt8[Tensor, "n h w"]:
    """Absolute value, maximum over channels, min–max normalisation of each map, truncation."""
    strength = gradient.abs().amax(1)
    low, high = strength.amin((1, 2), keepdim=True), strength.amax((1, 2), keepdim=True)
    return (255 * ((strength - low) / (high - low + EPSILON))).to(torch.uint8)
