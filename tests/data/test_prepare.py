import errno
import multiprocessing
import os
import resource
import shutil
import signal
import time
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from filelock import FileLock
from PIL import Image

import seglab.data.prepare as preparing
from seglab.data import check, pictures
from seglab.data.config import PrepareConfig
from seglab.data.files import digest_array
from seglab.data.inria import PART_OF
from seglab.data.pictures import PictureSet, open_pictures
from seglab.data.prepare import prepare
from seglab.errors import ConfigError, DataError, SeglabError
from tests.children import die, in_child
from tests.data.annotated import make_bsds
from tests.data.folders import make_folder, write_pair
from tests.s3 import S3

NAMES = [f"p{i}" for i in range(8)]


def prepare_folder(data_dir: Path, source: Path | str) -> PictureSet:
    return prepare(PrepareConfig(dataset="folder", data_dir=str(data_dir), source=str(source)))


def test_all_faults_of_all_pairs_are_told_at_once(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    make_folder(mine, [*NAMES, "bad\nname"])
    (mine / "masks" / "p0.png").unlink()
    (mine / "images" / "p1.png").write_bytes((mine / "images" / "p1.png").read_bytes()[:999])
    (mine / "images" / "p2.png").write_bytes(b"")
    write_pair(tmp_path / "other.png", mine / "masks" / "p3.png", (99, 98))
    Image.fromarray(np.arange(24 * 30, dtype=np.uint8).reshape(24, 30)).save(mine / "masks/p4.png")
    (mine / "masks" / "extra.png").write_bytes(b"")
    (mine / "train.txt").write_text("p0\n")
    with pytest.raises(DataError) as caught:
        prepare_folder(tmp_path, mine)
    text = str(caught.value)
    for expected in [
        r"name 'bad\nname' has control characters",
        "p0.png has no mask",
        "p1.png is truncated",
        "p2.png is empty (0 bytes)",
        "p3.png has 23×30 pixels, but",
        "p4.png has 256 values, not two (0, 1, 2, 3, 4, 5, …)",
        "extra.png has no image",
        "val.txt is missing",
        "'p7' is in none of the lists",
    ]:
        assert expected in text
    assert text.startswith("folder/mine cannot be used")
    with pytest.raises(DataError, match="is not prepared"):
        open_pictures(str(tmp_path), "folder")


def test_a_data_set_that_cannot_be_used_leaves_the_one_that_can(tmp_path: Path) -> None:
    make_folder(tmp_path / "mine", NAMES)
    before = prepare_folder(tmp_path, tmp_path / "mine")
    (tmp_path / "mine" / "images" / "p0.png").write_bytes(b"")
    with pytest.raises(DataError):
        prepare_folder(tmp_path, tmp_path / "mine")
    after = open_pictures(str(tmp_path), "folder")
    assert after == before
    assert digest_array(after.image("p0")) == after["p0"].image_digest


def test_preparing_again_gives_the_same(tmp_path: Path) -> None:
    make_folder(tmp_path / "mine", NAMES)
    first = prepare_folder(tmp_path, tmp_path / "mine")
    image = first.image("p3")
    assert prepare_folder(tmp_path, tmp_path / "mine") == first
    np.testing.assert_array_equal(image, first.image("p3"))


def test_masks_without_any_foreground_and_without_any_background_are_fine(tmp_path: Path) -> None:
    make_folder(tmp_path / "mine", NAMES)
    for name, value in (("p0", 0), ("p1", 255)):
        Image.new("L", (30, 20 + int(name[1])), value).save(tmp_path / f"mine/masks/{name}.png")
    pictures = prepare_folder(tmp_path, tmp_path / "mine")
    assert [pictures.mask(name).mean() for name in ("p0", "p1")] == [0, 1]


@pytest.mark.parametrize(
    ("module", "function", "call"),
    [
        (check, "read_pair", 5),  # while pictures are read and written
        (preparing, "write_manifest", 1),  # pictures in place, manifest not yet
        (pictures, "atomic_write", 1),
    ],
)
@pytest.mark.parametrize("prepared_before", [False, True])
def test_a_killed_prepare_leaves_nothing_half_and_can_be_repeated(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    module: ModuleType,
    function: str,
    call: int,
    prepared_before: bool,
) -> None:
    mine = tmp_path / "mine"
    make_folder(mine, NAMES)
    if prepared_before:
        old = prepare_folder(tmp_path, mine)
        write_pair(mine / "images" / "p0.png", mine / "masks" / "p0.png", seed=99)
    real, calls = getattr(module, function), []

    def dying(*arguments: Any) -> Any:
        calls.append(arguments)
        if len(calls) == call:
            die()
        return real(*arguments)

    def prepare_and_die() -> None:
        monkeypatch.setattr(module, function, dying)
        prepare_folder(tmp_path, mine)

    assert in_child(prepare_and_die) == -signal.SIGKILL
    if prepared_before and module is check:
        assert open_pictures(str(tmp_path), "folder") == old
        assert digest_array(old.image("p0")) == old["p0"].image_digest
    else:
        with pytest.raises(DataError, match="is not prepared"):
            open_pictures(str(tmp_path), "folder")
    again = prepare_folder(tmp_path, mine)
    assert open_pictures(str(tmp_path), "folder") == again
    assert digest_array(again.image("p0")) == again["p0"].image_digest
    left = {path.name for path in (tmp_path / "folder").iterdir()}
    assert left == {"manifest.json", "pictures.arrow", "prepare.lock"}


@pytest.mark.parametrize("failing", [1, 2])
def test_a_disk_that_fails_at_the_last_moment_leaves_the_earlier_data_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    make_bsds(tmp_path / "mine")
    config = PrepareConfig(dataset="bsds500", data_dir=str(tmp_path), source=str(tmp_path / "mine"))
    before = prepare(config)
    pixels = [before.image(name).copy() for name in before.names("published", "train")]
    shutil.rmtree(tmp_path / "mine")
    make_bsds(tmp_path / "mine", ("train", "val"))
    real, calls = os.fsync, []

    def fsync(handle: int) -> None:
        calls.append(handle)
        if len(calls) == failing:
            raise OSError(errno.EIO, "Input/output error")
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(SeglabError, match=r"cannot be written \(Input/output error"):
        prepare(config)
    after = open_pictures(str(tmp_path), "bsds500")
    assert after == before
    names = after.names("published", "train")
    assert all(np.array_equal(after.image(n), p) for n, p in zip(names, pixels, strict=True))
    assert set(after.segment_rows()["image"]) == {each.name for each in before.pictures}


def test_two_at_once_wait_for_each_other(tmp_path: Path) -> None:
    make_folder(tmp_path / "mine", NAMES)
    wanted = (tmp_path, tmp_path / "mine")
    other = multiprocessing.get_context("fork").Process(target=prepare_folder, args=wanted)
    with FileLock(tmp_path / "folder" / "prepare.lock"):
        other.start()
        time.sleep(1)
        assert other.is_alive()
        assert not (tmp_path / "folder" / "manifest.json").exists()
    other.join(60)
    assert other.exitcode == 0
    assert len(open_pictures(str(tmp_path), "folder").pictures) == 8


def test_a_full_disk_names_the_file(tmp_path: Path) -> None:
    make_folder(tmp_path / "mine", NAMES)

    def on_a_full_disk() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000))
        with pytest.raises(SeglabError, match=r"pictures\.arrow: no room"):
            prepare_folder(tmp_path, tmp_path / "mine")

    assert in_child(on_a_full_disk) == 0
    assert not (tmp_path / "folder" / "pictures.arrow").exists()


def test_a_folder_in_a_bucket(tmp_path: Path, s3: S3) -> None:
    make_folder(tmp_path / "mine", NAMES)
    s3.upload(tmp_path / "mine", "prepare", "sets/birds")
    pictures = prepare_folder(tmp_path / "s3", "s3://prepare/sets/birds")
    assert pictures.title == "folder/birds"
    assert pictures.source == "s3://prepare/sets/birds"
    local = prepare_folder(tmp_path / "local", tmp_path / "mine")
    assert local.pictures == pictures.pictures


def test_only_the_wanted_files_of_an_archive_are_unpacked(tmp_path: Path) -> None:
    train = tmp_path / "AerialImageDataset" / "train"
    for seed, name in enumerate([*PART_OF, "austin1"]):
        write_pair(train / "images" / f"{name}.tif", train / "gt" / f"{name}.tif", (70, 70), seed)
    archive = shutil.make_archive(str(tmp_path / "inria"), "zip", tmp_path, "AerialImageDataset")
    pictures = prepare(PrepareConfig(dataset="inria", data_dir=str(tmp_path), source=archive))
    assert pictures.title == "inria_aerial/subset_chicago"
    assert pictures.names("published", "train") == ["chicago10", "chicago11"]
    assert pictures.names("grouped", "test") == ["chicago24"]
    assert not list((tmp_path / "inria").rglob("austin1*"))


def test_icoseg_as_published(tmp_path: Path) -> None:
    if "SEGLAB_DATA" not in os.environ:
        pytest.skip("needs the iCoseg pictures: set SEGLAB_DATA")
    source = f"{os.environ['SEGLAB_DATA']}/icoseg/subset_80"
    pictures = prepare(PrepareConfig(dataset="icoseg", data_dir=str(tmp_path), source=source))
    frame = pictures.frame()
    assert Counter(frame["published"]) == {"train": 50, "val": 10, "test": 20}
    assert Counter(frame["grouped"]) == {"train": 50, "val": 10, "test": 20}
    # Sizes and foreground as the original study reports them (its §1a, §1b).
    assert frame["height"].between(200, 500).all()
    assert frame["width"].between(318, 500).all()
    for part, share in (("train", 0.096), ("val", 0.072)):
        names = pictures.names("published", part)
        foreground = sum(int(pictures.mask(name).sum()) for name in names)
        assert foreground / (len(names) * 512 * 512) == pytest.approx(share, abs=5e-4)


@pytest.mark.parametrize("name", ["här är", os.fsdecode(b"\xff")], ids=["accents", "no UTF-8"])
def test_unusual_paths(tmp_path: Path, name: str) -> None:
    make_folder(tmp_path / name / "my dätä", NAMES)
    pictures = prepare_folder(tmp_path / name, tmp_path / name / "my dätä")
    assert open_pictures(str(tmp_path / name), "folder") == pictures
    assert pictures.image("p0").shape == (20, 30, 3)
    assert pictures.title == "folder/my dätä"


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"dataset": "icoseg"}, "--source is empty"),
        ({"dataset": "sample", "source": "x"}, "--source=x is of no use"),
    ],
)
def test_flags_that_contradict_each_other(flags: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        PrepareConfig(**flags)


def test_a_missing_source_is_told(tmp_path: Path) -> None:
    with pytest.raises(SeglabError, match="nowhere does not exist"):
        prepare_folder(tmp_path, tmp_path / "nowhere")
