from pathlib import Path, PurePosixPath

import pytest

from seglab.data.inria import find, wanted
from seglab.errors import DataError
from tests.data.folders import write_pair

SPLIT = {"chicago10": "train", "chicago11": "train", "chicago12": "val", "chicago24": "test"}


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """AerialImageDataset in small: train with masks, test without."""
    root = tmp_path / "AerialImageDataset"
    for name in [*SPLIT, "chicago1", "austin10"]:
        folders = (root / "train" / folder / f"{name}.tif" for folder in ("images", "gt"))
        write_pair(*folders)
    (root / "test" / "images").mkdir(parents=True)
    return root


@pytest.mark.parametrize("below", ["..", ".", "train"])
def test_the_four_tiles_are_taken_in_published_order(release: Path, below: str) -> None:
    found = find(release / below)
    assert not found.faults
    assert [pair.name for pair in found.pairs] == list(SPLIT)
    assert found.published == found.grouped == SPLIT
    assert [pair.truth.parent.name for pair in found.pairs] == ["gt"] * 4


def test_every_missing_tile_is_told(release: Path) -> None:
    (release / "train" / "images" / "chicago10.tif").unlink()
    (release / "train" / "gt" / "chicago24.tif").unlink()
    assert find(release).faults == [
        f"chicago10 is missing in {release / 'train' / 'images'}",
        f"chicago24 is missing in {release / 'train' / 'gt'}",
    ]


def test_crops_of_other_tiles_are_named_with_what_can_be_done_with_them(tmp_path: Path) -> None:
    for name in ("austin1_0", "chicago1_3"):
        write_pair(*(tmp_path / folder / f"{name}.tif" for folder in ("images", "gt")))
    with pytest.raises(DataError, match=r"2 other pictures \(austin1_0 …\).*dataset=folder"):
        find(tmp_path)


def test_a_folder_that_is_none_of_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no images/ and gt/ side by side"):
        find(tmp_path)


def test_only_the_four_tiles_are_fetched() -> None:
    assert wanted(PurePosixPath("AerialImageDataset/train/gt/chicago24.tif"))
    assert not wanted(PurePosixPath("AerialImageDataset/train/gt/chicago2.tif"))
    assert not wanted(PurePosixPath("AerialImageDataset/test/images/vienna1.tif"))
