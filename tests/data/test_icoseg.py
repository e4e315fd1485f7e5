import os
import shutil
from collections import Counter
from pathlib import Path, PurePosixPath

import pytest

from seglab.data.icoseg import find, wanted
from seglab.data.splits import PARTS
from tests.data.folders import write_pair

ID, GROUP = "2601036080_cb8bb71f47", "049 Kendo-Kendo, June 08-Vincent"


@pytest.fixture
def real() -> Path:
    """The 80 pictures themselves."""
    if "SEGLAB_DATA" not in os.environ:
        pytest.skip("needs the iCoseg pictures: set SEGLAB_DATA")
    return Path(os.environ["SEGLAB_DATA"]) / "icoseg" / "subset_80"


def test_the_published_split_is_that_of_the_lists(real: Path) -> None:
    found = find(real)
    assert not found.faults
    for part in PARTS:
        names = [pair.name for pair in found.pairs if found.published[pair.name] == part]
        assert names == (real / f"{part}.txt").read_text().split()


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole release in small: group folders, the 80 pictures and one more."""
    root = tmp_path_factory.mktemp("release")
    (root / "images").mkdir()
    (root / "ground_truth").mkdir()
    for name, group in [*find(root).groups.items(), ("other", "001 Agra Taj Mahal")]:
        write_pair(
            root / "images" / group / f"{name}.jpg",
            root / "ground_truth" / group / f"{name}.png",
            (5, 6),
        )
    return root


def test_the_80_are_taken_out_of_the_whole_release(release: Path) -> None:
    found = find(release.parent)
    assert not found.faults
    assert len(found.pairs) == 80
    assert "other" not in [pair.name for pair in found.pairs]
    pair = next(pair for pair in found.pairs if pair.name == ID)
    assert pair.image.parent.name == pair.truth.parent.name == GROUP


def test_the_splits_are_exact_and_the_grouped_one_keeps_groups_together(release: Path) -> None:
    found = find(release)
    assert Counter(found.published.values()) == {"train": 50, "val": 10, "test": 20}
    assert Counter(found.grouped.values()) == {"train": 50, "val": 10, "test": 20}
    assert len(set(found.groups.values())) == 14
    assert len({(found.groups[name], part) for name, part in found.grouped.items()}) == 14


def test_a_picture_in_two_groups_is_that_of_its_own(release: Path, tmp_path: Path) -> None:
    root = shutil.copytree(release, tmp_path / "release")
    for folder, suffix in (("images", ".jpg"), ("ground_truth", ".png")):
        (root / folder / "zzz").mkdir()
        shutil.copy(root / folder / GROUP / f"{ID}{suffix}", root / folder / "zzz")
    found = find(root)
    assert not found.faults
    assert {pair.image.parent.name for pair in found.pairs if pair.name == ID} == {GROUP}


def test_every_missing_file_is_told(release: Path, tmp_path: Path) -> None:
    root = shutil.copytree(release, tmp_path / "release")
    (root / "images" / GROUP / f"{ID}.jpg").unlink()
    shutil.rmtree(root / "ground_truth" / "brown_bear")
    found = find(root)
    bears = [name for name, group in found.groups.items() if group == "brown_bear"]
    assert bears
    assert found.faults == [
        f"{ID} is missing in {root / 'images'}",
        *(f"{name} is missing in {root / 'ground_truth'}" for name in bears),
    ]


def test_only_the_80_are_fetched() -> None:
    assert wanted(PurePosixPath(f"release/images/{GROUP}/{ID}.jpg"))
    assert not wanted(PurePosixPath(f"release/images/{GROUP}/other.jpg"))
