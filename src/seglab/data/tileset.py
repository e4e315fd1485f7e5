"""The tiles of a prepared data set as a torch data set of (inputs, mask) samples."""

from collections.abc import Sequence
from functools import partial
from typing import Self

import numpy as np
import torch
from torch.utils.data import Dataset

from seglab.data.inputs import Inputs
from seglab.data.pictures import PictureSet
from seglab.data.samples import InputReader, ReadMap, Sample
from seglab.data.tiles import grid, window


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
        self.inputs = InputReader(pictures, inputs, maps)
        self.pictures = pictures
        self.tile = tile
        self.positions = [
            (name, row, col)
            for name in names
            for row, col in np.ndindex(grid(pictures[name].height, pictures[name].width, tile))
        ]

    def __len__(self) -> int:
        return len(self.positions)

    def __getitem__(self, index: int) -> Sample:
        name, row, col = self.positions[index]
        x = self.inputs.read(name, partial(window, row=row, col=col, tile=self.tile), self.tile)
        y = torch.empty((1, self.tile, self.tile), dtype=torch.uint8)
        y.numpy()[0] = window(self.pictures.mask(name), row, col, self.tile)
        return Sample(x, y, self.key(index))

    def key(self, index: int) -> str:
        """See ``Samples``."""
        name, row, col = self.positions[index]
        return f"{name}_{row}_{col}"

    def at_epoch(self, epoch: int) -> Self:
        """The same tiles in every epoch."""
        return self
