import numpy as np
import pytest
import torch

from seglab.data.config import PrepareConfig
from seglab.data.cropset import CropSet
from seglab.data.inputs import parse_inputs
from seglab.data.pictures import PictureSet
from seglab.data.prepare import prepare
from tests.data.folders import write_pair

SIZES = {"wide": (40, 70), "exact": (32, 32), "small": (5, 20), "line": (1, 90)}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> PictureSet:
    root = tmp_path_factory.mktemp("cropset")
    for seed, (name, size) in enumerate(SIZES.items()):
        file = f"{name}.png"
        write_pair(root / "mine" / "images" / file, root / "mine" / "masks" / file, size, seed)
    return prepare(PrepareConfig(dataset="folder", data_dir=str(root), source=str(root / "mine")))


def crops(pictures: PictureSet, crop: int = 32, seed: int | None = None, **changes) -> CropSet:
    """Crops whose target is the picture in negative, so that the two can be compared."""
    changes = {"names": list(SIZES), "inputs": parse_inputs("rgb"), **changes}
    return CropSet(
        pictures, crop=crop, targets=lambda name: 255 - pictures.image(name), seed=seed, **changes
    )


def corners(samples: CropSet) -> list[str]:
    return [samples[index].key for index in range(len(samples))]


def test_validation_takes_the_centre_always(pictures: PictureSet) -> None:
    samples = crops(pictures)
    assert corners(samples) == ["wide_4_19", "exact_0_0", "small_0_0", "line_0_29"]
    assert corners(samples.at_epoch(7)) == corners(samples)
    inside = pictures.image("wide")[4:36, 19:51].transpose(2, 0, 1)
    np.testing.assert_array_equal(samples[0].x.numpy(), inside)


@pytest.mark.parametrize("index", range(len(SIZES)))
def test_target_shows_the_same_place_as_the_input(pictures: PictureSet, index: int) -> None:
    for epoch in range(5):
        sample = crops(pictures, seed=1).at_epoch(epoch)[index]
        assert sample.x.shape == sample.y.shape == (3, 32, 32)
        assert torch.equal(sample.y, 255 - sample.x)


def test_a_small_picture_is_continued_by_its_mirror_image(pictures: PictureSet) -> None:
    x = crops(pictures)[2].x.numpy().transpose(1, 2, 0)
    image = pictures.image("small")
    np.testing.assert_array_equal(x[:5, :20], image)
    np.testing.assert_array_equal(x[5:10, :20], image[::-1])
    np.testing.assert_array_equal(x[10:15, :20], image)
    np.testing.assert_array_equal(x[:5, 20:], image[:, :7:-1])


def test_training_crops_reach_every_place_and_are_a_function_of_seed_epoch_and_index(
    pictures: PictureSet,
) -> None:
    def places(seed: int) -> list[str]:
        samples = crops(pictures, crop=38, seed=seed)
        return [samples.at_epoch(epoch)[0].key for epoch in range(300)]

    found = {tuple(map(int, key.split("_")[1:])) for key in places(0)}
    assert found >= {(top, left) for top in range(3) for left in (0, 32)}
    assert max(top for top, _ in found) == 2
    assert max(left for _, left in found) == 32
    assert places(0) == places(0) != places(1)
    same = crops(pictures, seed=0, names=["wide", "wide"]).at_epoch(0)
    assert same[0].key != same[1].key


def test_asking_for_another_epoch_leaves_the_set_as_it_is(pictures: PictureSet) -> None:
    samples = crops(pictures, seed=3)
    before = corners(samples)
    assert corners(samples.at_epoch(1)) != before == corners(samples)


def test_a_map_is_cut_like_the_picture(pictures: PictureSet) -> None:
    samples = crops(
        pictures,
        seed=0,
        inputs=parse_inputs("rgb+guided"),
        maps=lambda name: pictures.image(name)[..., 1],
    )
    for index in range(len(samples)):
        assert torch.equal(samples[index].x[3], samples[index].x[1])
