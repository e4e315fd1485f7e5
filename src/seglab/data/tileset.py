"""The tiles of a prepared data set as a torch data set of (inputs, mask) samples."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
import torch
from jaxtyping import UInt8
from torch import Tensor
from torch.utils.data import Dataset

from seglab.data.inputs import Inputs
from seglab.data.pictures import PictureSet
from seglab.data.tiles import grid, window

ReadMap: TypeAlias = Callable[[str], UInt8[np.ndarray, "h w"]]
"""The saliency map of a picture, by name."""


class Sample(NamedTuple):
    """A tile ready to be batched; values as stored, 0…255 and 0/1, so that it travels small."""

    x: UInt8[Tensor, "c tile tile"]
    y: UInt8[Tensor, "1 tile tile"]
    key: str
    """``<picture>_<row>_<col>``."""


class TileSet(Dataset[Sample]):
    """All tiles of the pictures ``names``: picture by picture, each row by row.

    Tiles are windows of the memory map, zero padded at bottom and right, so any ``tile`` serves
    pictures of any size. ``maps`` reads saliency maps and is needed if ``inputs`` have one.
    """

    def __init__(
        self,
        pictures: PictureSet,
        names: Sequence[str],
        inputs: Inputs,
        tile: int,
        maps: ReadMap | None = None,
    ) -> None:
        if inputs.rule is not None and maps is None:
            raise ValueError(f"inputs {inputs.name!r} need saliency maps")
        self.pictures = pictures
        self.inputs = inputs
        self.tile = tile
        self.maps = maps
        self.positions = [
            (name, row, col)
            for name in names
            for row, col in np.ndindex(grid(pictures[name].height, pictures[name].width, tile))
        ]

    def __len__(self) -> int:
        return len(self.positions)

    def __getitem__(self, index: int) -> Sample:
        name, row, col = self.positions[index]
        x = torch.empty((self.inputs.channels, self.tile, self.tile), dtype=torch.uint8)
        planes = x.numpy()
        if self.inputs.rgb:
            planes[:3] = window(self.pictures.image(name), row, col, self.tile).transpose(2, 0, 1)
        if self.inputs.rule is not None and self.maps is not None:
            planes[-1] = window(self.maps(name), row, col, self.tile)
        y = torch.empty((1, self.tile, self.tile), dtype=torch.uint8)
        y.numpy()[0] = window(self.pictures.mask(name), row, col, self.tile)
        return Sample(x, y, f"{name}_{row}_{col}")
