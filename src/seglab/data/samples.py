"""What a training is fed: samples of (inputs, target), from tiles or from crops."""

from collections.abc import Callable
from typing import NamedTuple, Protocol, Self, TypeAlias

import numpy as np
import torch
from jaxtyping import Shaped, UInt8
from torch import Tensor

from seglab.data.inputs import Inputs
from seglab.data.pictures import PictureSet

ReadMap: TypeAlias = Callable[[str], UInt8[np.ndarray, "h w"]]
"""The saliency map of a picture, by name."""
ReadTarget: TypeAlias = Callable[[str], UInt8[np.ndarray, "h w 3"]]
"""The painted target of a picture, by name."""
Cut: TypeAlias = Callable[[Shaped[np.ndarray, "h w *c"]], Shaped[np.ndarray, "side side *c"]]
"""Takes the square a sample shows out of a picture."""


class Sample(NamedTuple):
    """A square ready to be batched; values as stored, 0…255 or 0/1, so that it travels small."""

    x: UInt8[Tensor, "c side side"]
    y: UInt8[Tensor, "k side side"]
    """A mask of 0 and 1 (k = 1) or a painted picture (k = 3)."""
    key: str
    """``<picture>_<row>_<col>``: row and column of the grid for tiles, in pixels for crops."""


class Samples(Protocol):
    """The samples of one part of a data set, as an epoch sees them."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Sample: ...

    def key(self, index: int) -> str:
        """Key of the sample at ``index``, for which nothing is read."""

    def at_epoch(self, epoch: int) -> Self:
        """The samples as epoch ``epoch``, counted from 0, sees them."""


class InputReader:
    """Reads the channels of ``inputs``; ``maps`` gives saliency maps, if they have one."""

    def __init__(self, pictures: PictureSet, inputs: Inputs, maps: ReadMap | None) -> None:
        if inputs.rule is not None and maps is None:
            raise ValueError(f"inputs {inputs.name!r} need saliency maps")
        self.pictures = pictures
        self.inputs = inputs
        self.maps = maps

    def read(self, name: str, cut: Cut, side: int) -> UInt8[Tensor, "c side side"]:
        """The square that ``cut`` takes out of the picture ``name``, RGB first, then saliency."""
        x = torch.empty((self.inputs.channels, side, side), dtype=torch.uint8)
        planes = x.numpy()
        if self.inputs.rgb:
            planes[:3] = cut(self.pictures.image(name)).transpose(2, 0, 1)
        if self.inputs.rule is not None and self.maps is not None:
            planes[-1] = cut(self.maps(name))
        return x
