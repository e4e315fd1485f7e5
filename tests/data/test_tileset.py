from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from seglab.data.config import PrepareConfig
from seglab.data.inputs import parse_inputs, stack
from seglab.data.pictures import PictureSet
from seglab.data.prepare import prepare
from seglab.data.tiles import cut
from seglab.data.tileset import TileSet
from tests.data.folders import write_pair
from tests.preloaded import FORKED


class Maps:
    """Saliency maps that tell one picture from another; can be pickled."""

    def __init__(self, pictures: PictureSet) -> None:
        self.pictures = pictures

    def __call__(self, name: str) -> np.ndarray:
        return 255 - self.pictures.image(name)[..., 0]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> PictureSet:
    root = tmp_path_factory.mktemp("tileset")
    sizes = [(40, 70), (64, 32), (20, 20), (33, 65)]
    for seed, size in enumerate(sizes):
        name = f"p{seed}.png"
        write_pair(root / "mine" / "images" / name, root / "mine" / "masks" / name, size, seed)
    return prepare(PrepareConfig(dataset="folder", data_dir=str(root), source=str(root / "mine")))


@pytest.mark.parametrize("name", ["rgb", "guided", "rgb+guided"])
def test_samples_are_the_stacked_tiles_row_by_row(pictures: PictureSet, name: str) -> None:
    inputs, maps = parse_inputs(name), Maps(pictures)
    tiles = TileSet(pictures, ["p3", "p0"], inputs, 32, maps)
    expected = [
        (x, y, f"{name}_{index // 3}_{index % 3}")
        for name in ("p3", "p0")
        for index, (x, y) in enumerate(
            zip(
                cut(stack(inputs, pictures.image(name), maps(name)), 32),
                cut(pictures.mask(name), 32),
                strict=True,
            )
        )
    ]
    assert len(tiles) == len(expected) == 12
    for index, (x, y, key) in enumerate(expected):
        sample = tiles[index]
        np.testing.assert_array_equal(sample.x.numpy(), x.transpose(2, 0, 1))
        np.testing.assert_array_equal(sample.y.numpy(), y[None])
        assert sample.key == key
        assert sample.x.dtype == sample.y.dtype == torch.uint8


@pytest.mark.parametrize("method", ["fork", FORKED], ids=["fork", "forkserver"])
def test_loader_workers_read_the_same(pictures: PictureSet, method: Any) -> None:
    """Those of a forkserver get what reads pickled, as those that are spawned do."""
    pictures.image("p0")  # opened before the fork, as a training does
    tiles = TileSet(pictures, ["p0", "p1", "p3"], parse_inputs("rgb+guided"), 32, Maps(pictures))
    loader = DataLoader(tiles, batch_size=4, num_workers=2, multiprocessing_context=method)
    batches = list(loader)
    alone = list(DataLoader(tiles, batch_size=4))
    assert [batch.key for batch in batches] == [batch.key for batch in alone]
    for batch, other in zip(batches, alone, strict=True):
        assert torch.equal(batch.x, other.x)
        assert torch.equal(batch.y, other.y)


def test_inputs_with_a_map_need_maps(pictures: PictureSet) -> None:
    with pytest.raises(ValueError, match="'guided' need saliency maps"):
        TileSet(pictures, ["p0"], parse_inputs("guided"), 32)
