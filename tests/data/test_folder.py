import unicodedata
from collections import Counter
from pathlib import Path

import pytest

from seglab.data.folder import find
from seglab.errors import DataError
from tests.data.folders import make_folder, write_lists, write_pair

NAMES = [f"p{i}" for i in range(16)]
LISTS = {"train": NAMES[:10], "val": NAMES[10:12], "test": NAMES[12:]}


@pytest.mark.parametrize("masks", ["masks", "ground_truth", "gt"])
def test_images_and_masks_are_paired_by_name(tmp_path: Path, masks: str) -> None:
    make_folder(tmp_path, NAMES, masks)
    found = find(tmp_path)
    assert not found.faults
    assert found.title == f"folder/{tmp_path.name}"
    assert [pair.name for pair in found.pairs] == sorted(NAMES)
    assert {pair.image.stem == pair.truth.stem == pair.name for pair in found.pairs} == {True}


def test_the_folder_may_be_wrapped_in_others(tmp_path: Path) -> None:
    make_folder(tmp_path / "v1" / "data", NAMES)
    assert len(find(tmp_path).pairs) == 16


def test_a_folder_without_images_and_masks_is_refused(tmp_path: Path) -> None:
    make_folder(tmp_path, NAMES, masks="annotations")
    with pytest.raises(DataError, match=r"holds no images/ and masks/ \(or ground_truth/, gt/\)"):
        find(tmp_path)


def test_without_lists_the_split_is_drawn(tmp_path: Path) -> None:
    make_folder(tmp_path, NAMES)
    assert Counter(find(tmp_path).published.values()) == {"train": 10, "val": 2, "test": 4}


def test_lists_are_the_published_split(tmp_path: Path) -> None:
    make_folder(tmp_path, NAMES)
    write_lists(tmp_path, LISTS)
    found = find(tmp_path)
    assert not found.faults
    assert found.published == {name: part for part, names in LISTS.items() for name in names}


def test_lists_may_have_extensions_blank_lines_and_windows_endings(tmp_path: Path) -> None:
    make_folder(tmp_path, NAMES)
    write_lists(tmp_path, LISTS)
    text = "\ufeff" + "".join(f"{name}.png\r\n" for name in LISTS["train"]) + "\r\n"
    (tmp_path / "train.txt").write_bytes(text.encode())
    assert not find(tmp_path).faults


def test_faults_of_lists_are_told_all_at_once(tmp_path: Path) -> None:
    make_folder(tmp_path, NAMES)
    write_lists(tmp_path, {"train": [*NAMES[:9], "p0", "p99"], "test": [*NAMES[9:15], "p3"]})
    faults = "\n".join(find(tmp_path).faults)
    assert "val.txt is missing" in faults
    assert "train.txt names 'p0', which is in train.txt already" in faults
    assert "train.txt names 'p99', which is not in" in faults
    assert "test.txt names 'p3', which is in train.txt already" in faults
    assert "'p15' is in none of the lists" in faults
    assert len(find(tmp_path).faults) == 5


def write_groups(root: Path, text: str) -> None:
    (root / "groups.csv").write_text(text)


def test_groups_make_a_grouped_split(tmp_path: Path) -> None:
    make_folder(tmp_path, NAMES)
    groups = {name: f"scene {i // 2}" for i, name in enumerate(NAMES)}
    write_groups(tmp_path, "image,group\n" + "".join(f"{n},{g}\n" for n, g in groups.items()))
    found = find(tmp_path)
    assert not found.faults
    assert found.groups == groups
    assert Counter(found.grouped.values()) == {"train": 10, "val": 2, "test": 4}
    assert len({(groups[name], part) for name, part in found.grouped.items()}) == 8


def test_without_groups_there_is_no_grouped_split(tmp_path: Path) -> None:
    make_folder(tmp_path, NAMES)
    assert find(tmp_path).grouped == {}


def test_faults_of_groups_are_told_all_at_once(tmp_path: Path) -> None:
    make_folder(tmp_path, NAMES)
    write_groups(tmp_path, "image,group\np0,x\np0,y\np1,\np99,x\n")
    faults = "\n".join(find(tmp_path).faults)
    assert "names 'p0' twice" in faults
    assert "gives 'p1' no group" in faults
    assert "names 'p99', which is not in" in faults
    assert faults.count("does not name") == 14
    write_groups(tmp_path, "picture;scene\np0;x\n")
    assert "has the columns" in "\n".join(find(tmp_path).faults)


def test_groups_too_few_for_three_parts_are_told(tmp_path: Path) -> None:
    make_folder(tmp_path, NAMES)
    write_groups(tmp_path, "image,group\n" + "".join(f"{name},one\n" for name in NAMES))
    assert find(tmp_path).faults == [
        "the split by groups.csv of 16 pictures leaves val and test without any"
    ]


@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_few_pictures_for_three_parts_are_told(tmp_path: Path, count: int) -> None:
    make_folder(tmp_path, NAMES[:count])
    (tmp_path / "images").mkdir(exist_ok=True)
    (tmp_path / "masks").mkdir(exist_ok=True)
    assert f"the published split of {count} pictures leaves" in "\n".join(find(tmp_path).faults)


def test_files_without_partner_doubles_and_strangers_are_told_all_at_once(tmp_path: Path) -> None:
    make_folder(tmp_path, [*NAMES, "P1", ".dot"])
    (tmp_path / "masks" / "p0.png").unlink()
    (tmp_path / "images" / "p2.png").unlink()
    write_pair(tmp_path / "images" / "p3.jpg", tmp_path / "masks" / "p3.bmp")
    (tmp_path / "images" / "p4.gif").write_bytes(b"GIF")
    (tmp_path / "masks" / "sub").mkdir()
    (tmp_path / "images" / ".DS_Store").write_bytes(b"ignored")
    faults = find(tmp_path).faults
    for expected in [
        "images/p0.png has no mask",
        "masks/p2.png has no image",
        "images/p3.png and p3.jpg are two files of one picture",
        "masks/p3.png and p3.bmp are two files of one picture",
        "images/p4.gif is no picture",
        "masks/sub is a folder",
        "names 'P1' and 'p1' differ in case only",
        "name '.dot' is empty or starts with a dot",
    ]:
        assert any(expected in fault for fault in faults), expected
    assert len(faults) == 8


def test_accents_stored_in_two_ways_pair(tmp_path: Path) -> None:
    make_folder(tmp_path, NAMES)
    write_pair(
        tmp_path / "images" / f"{unicodedata.normalize('NFC', 'é')}.png",
        tmp_path / "masks" / f"{unicodedata.normalize('NFD', 'é')}.png",
    )
    found = find(tmp_path)
    assert not found.faults
    assert len(found.pairs) == 17
