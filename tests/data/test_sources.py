"""Sources that are of no use, or may not be read, told without a traceback."""

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from seglab.data.config import DatasetName, PrepareConfig
from seglab.data.prepare import prepare
from seglab.errors import DataError
from seglab.jobs.predict import find_pictures
from tests.children import in_child
from tests.data.annotated import make_bsds, make_instances
from tests.data.folders import make_folder

NOBODY = 65534
NAMES = "abcd"


def prepared(dataset: DatasetName, source: Path | str, data_dir: Path) -> None:
    prepare(PrepareConfig(dataset=dataset, data_dir=str(data_dir), source=str(source)))


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that any user may write to; those of pytest are closed to others."""
    with TemporaryDirectory() as name:
        Path(name).chmod(0o777)
        yield Path(name)


@pytest.mark.parametrize("name", ["birds.tar.zst", "annotations.json", "bird.png"])
@pytest.mark.parametrize("dataset", ["folder", "icoseg", "coco"])
def test_a_file_that_is_no_archive_is_told(tmp_path: Path, name: str, dataset: DatasetName) -> None:
    (tmp_path / name).write_bytes(b"?")
    with pytest.raises(DataError, match=rf"{name} is neither a folder nor an .*; extract it"):
        prepared(dataset, tmp_path / name, tmp_path / "data")


def told_to_somebody(closed: Path, dataset: DatasetName, source: Path) -> int:
    """Exit code of who must be told that ``closed`` is closed, and is not root."""

    def as_somebody() -> None:
        if os.geteuid() == 0:  # to whom nothing is closed
            os.seteuid(NOBODY)
        with pytest.raises(DataError, match=r"cannot be read \(Permission denied\); ch") as told:
            prepared(dataset, source, source.parent / "data")
        assert str(told.value).startswith(str(closed))

    closed.chmod(0)
    try:
        return in_child(as_somebody)
    finally:
        closed.chmod(0o777)


@pytest.mark.parametrize("closed", [".", "images", "masks"])
def test_a_folder_of_ones_own_that_may_not_be_read(open_folder: Path, closed: str) -> None:
    make_folder(open_folder / "mine", NAMES)
    assert told_to_somebody(open_folder / "mine" / closed, "folder", open_folder / "mine") == 0


@pytest.mark.parametrize("closed", ["train2017", "annotations"])
def test_a_folder_of_coco_that_may_not_be_read(open_folder: Path, closed: str) -> None:
    make_instances(open_folder / "coco")
    assert told_to_somebody(open_folder / "coco" / closed, "coco", open_folder / "coco") == 0


def test_a_part_of_bsds500_that_may_not_be_read(open_folder: Path) -> None:
    make_bsds(open_folder / "bsds")
    closed = open_folder / "bsds" / "images" / "val"
    assert told_to_somebody(closed, "bsds500", open_folder / "bsds") == 0


def test_pictures_to_predict_that_may_not_be_read(open_folder: Path) -> None:
    (open_folder / "photos").mkdir()

    def as_somebody() -> None:
        if os.geteuid() == 0:
            os.seteuid(NOBODY)
        with pytest.raises(DataError, match=r"photos cannot be read \(Permission denied\)"):
            find_pictures(open_folder / "photos")

    (open_folder / "photos").chmod(0)
    assert in_child(as_somebody) == 0


def test_a_list_that_cannot_be_read(tmp_path: Path) -> None:
    make_folder(tmp_path / "mine", NAMES)
    (tmp_path / "mine" / "train.txt").mkdir()
    with pytest.raises(DataError, match=r"train\.txt cannot be read"):
        prepared("folder", tmp_path / "mine", tmp_path)


def test_a_source_of_a_name_no_file_can_have(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"xxx cannot be read \(File name too long\)"):
        prepared("folder", "x" * 300, tmp_path)
