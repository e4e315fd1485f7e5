"""Crops of a prepared data set as a torch data set of (inputs, painted target) samples."""

from collections.abc import Sequence
from copy import copy
from functools import partial
from typing import Self

import numpy as np
import torch
from jaxtyping import Shaped
from torch.utils.data import Dataset

from seglab.data.inputs import Inputs
from seglab.data.pictures import PictureSet
from seglab.data.samples import InputReader, ReadMap, ReadTarget, Sample


class CropSet(Dataset[Sample]):
    """One square crop of each of the pictures ``names`` and of its target.

    With a ``seed`` the crop is drawn anew each epoch, as a function of (seed, epoch, index) and
    evenly over all places of the picture; without one it is the centre, always. A picture smaller
    than ``crop`` is continued by its mirror image, and so is its target.
    """

    def __init__(
        self,
        pictures: PictureSet,
        names: Sequence[str],
        inputs: Inputs,
        crop: int,
        targets: ReadTarget,
        maps: ReadMap | None = None,
        seed: int | None = None,
    ) -> None:
        self.inputs = InputReader(pictures, inputs, maps)
        self.pictures = pictures
        self.names = list(names)
        self.crop = crop
        self.targets = targets
        self.seed = seed
        self.epoch = 0

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Sample:
        name = self.names[index]
        top, left = self.corner(index)
        cut = partial(cut_out, top=top, left=left, side=self.crop)
        y = torch.empty((3, self.crop, self.crop), dtype=torch.uint8)
        y.numpy()[:] = cut(self.targets(name)).transpose(2, 0, 1)
        return Sample(self.inputs.read(name, cut, self.crop), y, self.key(index))

    def key(self, index: int) -> str:
        """See ``Samples``."""
        top, left = self.corner(index)
        return f"{self.names[index]}_{top}_{left}"

    def at_epoch(self, epoch: int) -> Self:
        """These crops as drawn for ``epoch``; the set itself stays as it is."""
        crops = copy(self)
        crops.epoch = epoch
        return crops

    def corner(self, index: int) -> tuple[int, int]:
        """Top and left pixel of the crop at ``index``."""
        picture = self.pictures[self.names[index]]
        room = [max(0, side - self.crop) for side in (picture.height, picture.width)]
        if self.seed is None:
            return room[0] // 2, room[1] // 2
        rng = np.random.default_rng((self.seed, self.epoch, index))
        return int(rng.integers(room[0] + 1)), int(rng.integers(room[1] + 1))


def cut_out(
    picture: Shaped[np.ndarray, "h w *c"], top: int, left: int, side: int
) -> Shaped[np.ndarray, "side side *c"]:
    """The square of ``side`` pixels from ``top``, ``left`` on, mirrored where the picture ends."""
    inside = picture[top : top + side, left : left + side]
    missing = [(0, side - length) for length in inside.shape[:2]]
    if not any(end for _, end in missing):
        return inside
    return np.pad(inside, [*missing, *[(0, 0)] * (picture.ndim - 2)], mode="symmetric")
