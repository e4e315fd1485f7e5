from collections import Counter

import numpy as np
import pytest

from seglab.data.config import PrepareConfig
from seglab.data.pictures import PictureSet
from seglab.data.prepare import prepare

DIGEST = "4b6ea0fb6d6ed8419f17a7d0a5f54fcc"
"""Of the sample data set as first drawn; another means other pixels, on this machine or for all."""


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> PictureSet:
    return prepare(PrepareConfig(data_dir=str(tmp_path_factory.mktemp("sample"))))


def test_every_machine_draws_the_same_pixels(pictures: PictureSet) -> None:
    assert pictures.digest == DIGEST


def test_sizes_and_splits(pictures: PictureSet) -> None:
    frame = pictures.frame()
    assert pictures.title == "sample"
    assert len(frame) == 64
    assert Counter(frame["group"].value_counts()) == {4: 16}
    for split in ("published", "grouped"):
        assert Counter(frame[split]) == {"train": 40, "val": 8, "test": 16}
    assert frame.groupby("group")["grouped"].nunique().max() == 1
    assert frame.groupby("group")["published"].nunique().max() > 1
    for side in ("height", "width"):
        assert frame[side].between(96, 160).all()
        assert frame[side].nunique() > 10


def test_every_picture_has_objects_and_ground(pictures: PictureSet) -> None:
    shares = [pictures.mask(picture.name).mean() for picture in pictures.pictures]
    assert min(shares) > 0.03
    assert max(shares) < 0.7
    assert 0.15 < np.mean(shares) < 0.35


def test_a_colour_threshold_is_not_enough(pictures: PictureSet) -> None:
    """The threshold of a channel or colour difference that is best on train, scored on test."""

    def colours(name: str) -> np.ndarray:
        image = pictures.image(name).astype(int)
        red, green, blue = np.moveaxis(image, -1, 0)
        differences = [red - green, red - blue, green - blue, np.ptp(image, axis=-1)]
        return np.stack([red, green, blue, *differences])

    pixels = {
        part: [
            (colours(name), pictures.mask(name) == 1) for name in pictures.names("published", part)
        ]
        for part in ("train", "test")
    }

    def iou(part: str, colour: int, threshold: int) -> float:
        found = [(values[colour] >= threshold, truth) for values, truth in pixels[part]]
        return float(np.mean([(a & b).sum() / (a | b).sum() for a, b in found]))

    candidates = [(colour, threshold) for colour in range(7) for threshold in range(0, 250, 10)]
    best = max(candidates, key=lambda candidate: iou("train", *candidate))
    assert iou("test", *best) < 0.75
