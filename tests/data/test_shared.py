"""A data_dir in a bucket of a real S3 server, shared by two machines."""

import uuid
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest

import seglab.data.prepare as preparing
from seglab.data.config import PrepareConfig
from seglab.data.pictures import PictureSet, open_pictures
from seglab.data.prepare import prepare
from seglab.data.shared import anywhere, here, publish
from seglab.errors import DataError
from seglab.superpixels.config import TargetsConfig
from seglab.superpixels.painting import fill_targets
from seglab.superpixels.targets import open_targets
from tests.data.folders import make_folder, write_lists, write_pair
from tests.s3 import S3

NAMES = "abcd"


class Machines:
    """Two machines: what each fetched is in a folder of its own."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder, self.patch = folder, patch

    def on(self, name: str) -> None:
        self.patch.setenv("SEGLAB_CACHE", str(self.folder / name))


@pytest.fixture
def machines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machines:
    return Machines(tmp_path, monkeypatch)


@pytest.fixture
def data_dir(s3: S3, machines: Machines, tmp_path: Path) -> str:
    """A data_dir with a data set that the first machine prepared."""
    bucket = f"shared-{uuid.uuid4().hex}"
    s3.make_bucket(bucket)
    make_folder(tmp_path / "mine", NAMES)
    write_lists(tmp_path / "mine", {"train": "ab", "val": "c", "test": "d"})
    machines.on("first")
    place = f"s3://{bucket}/lab/data"
    prepare(PrepareConfig(dataset="folder", data_dir=place, source=str(tmp_path / "mine")))
    return place


def pixels(pictures: PictureSet) -> list[bytes]:
    return [pictures.image(name).tobytes() + pictures.mask(name).tobytes() for name in NAMES]


def files(data_dir: str) -> dict[str, int]:
    """Files of the copy on this machine, by when they were written; locks left out."""
    found = (p for p in here(data_dir).rglob("*") if p.is_file() and p.suffix != ".lock")
    return {str(path): path.stat().st_ino for path in found}


def test_what_one_machine_prepares_another_reads(data_dir: str, machines: Machines) -> None:
    prepared = open_pictures(data_dir, "folder")
    machines.on("second")
    fetched = open_pictures(data_dir, "folder")
    assert fetched.digest == prepared.digest
    assert pixels(fetched) == pixels(prepared)
    before = files(data_dir)
    assert len(before) == 2
    open_pictures(data_dir, "folder")
    assert files(data_dir) == before, "fetched again what had not changed"


def test_what_is_prepared_anew_is_fetched_anew(
    data_dir: str, machines: Machines, tmp_path: Path
) -> None:
    machines.on("second")
    before = open_pictures(data_dir, "folder").digest
    machines.on("first")
    write_lists(tmp_path / "mine", {"train": "a", "val": "c", "test": "bd"})
    prepare(PrepareConfig(dataset="folder", data_dir=data_dir, source=str(tmp_path / "mine")))
    machines.on("second")
    pictures = open_pictures(data_dir, "folder")
    assert pictures.digest != before
    assert pictures.names("published", "train") == ["a"]


def test_what_is_fetched_while_it_is_prepared_anew_is_never_put_back(
    data_dir: str, machines: Machines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = open_pictures(data_dir, "folder")
    write_pair(tmp_path / "mine/images/a.png", tmp_path / "mine/masks/a.png", (20, 30), seed=99)
    fetched: list[PictureSet] = []
    beside = Thread(target=lambda: fetched.append(open_pictures(data_dir, "folder")))

    def publish_later(*arguments: Any) -> None:
        if not beside.ident:
            beside.start()
            beside.join(2)  # a fetch takes a tenth of that, if nothing holds it up
        publish(*arguments)

    monkeypatch.setattr(preparing, "publish", publish_later)
    prepared = prepare(
        PrepareConfig(dataset="folder", data_dir=data_dir, source=str(tmp_path / "mine"))
    )
    beside.join(60)
    assert prepared.digest != before.digest
    assert [pictures.digest for pictures in fetched] == [prepared.digest]
    machines.on("second")
    there = open_pictures(data_dir, "folder")
    assert there.digest == prepared.digest
    assert pixels(there) == pixels(prepared)


def test_what_one_machine_computes_another_reads(data_dir: str, machines: Machines) -> None:
    config = TargetsConfig(
        dataset="folder", data_dir=data_dir, superpixels=4, mask_weight=0, workers=1
    )
    first = fill_targets(config, open_pictures(data_dir, "folder"))
    machines.on("second")
    pictures = open_pictures(data_dir, "folder")
    targets = open_targets(data_dir, pictures)
    assert targets.digest == first.targets.digest
    for name in NAMES:
        np.testing.assert_array_equal(targets(name), first.targets(name))
    second = fill_targets(config, pictures)
    assert (second.painted, second.reused) == (0, len(NAMES))


def test_a_killed_download_goes_on(data_dir: str, machines: Machines) -> None:
    config = TargetsConfig(
        dataset="folder", data_dir=data_dir, superpixels=4, mask_weight=0, workers=1
    )
    filled = fill_targets(config, open_pictures(data_dir, "folder"))
    machines.on("second")
    targets = open_targets(data_dir, open_pictures(data_dir, "folder"))
    lost, kept = (targets.cache.path(targets.keys[name]) for name in "ab")
    lost.unlink()
    there = kept.stat().st_ino
    open_targets(data_dir, open_pictures(data_dir, "folder"))
    assert lost.read_bytes() == filled.targets.cache.path(filled.targets.keys["a"]).read_bytes()
    assert kept.stat().st_ino == there


def test_an_object_that_is_not_what_was_sent_is_refused(
    data_dir: str, machines: Machines, s3: S3
) -> None:
    bucket, key = data_dir.split("/")[2], "lab/data/folder/pictures.arrow"
    client = s3.client()
    stored = client.get_object(Bucket=bucket, Key=key)
    content = bytearray(stored["Body"].read())
    content[len(content) // 2] ^= 1
    client.put_object(Bucket=bucket, Key=key, Body=content, Metadata=stored["Metadata"])
    machines.on("second")
    with pytest.raises(DataError, match=r"arrived damaged 3 times \(lab/data/folder/pictures"):
        open_pictures(data_dir, "folder")
    assert not (here(data_dir) / "folder" / "pictures.arrow").exists()


def test_what_is_not_prepared_is_told_with_the_command(s3: S3, machines: Machines) -> None:
    s3.make_bucket("bare")
    machines.on("first")
    with pytest.raises(DataError, match="-e prepare -P dataset=folder -P data_dir=s3://bare/data"):
        open_pictures("s3://bare/data", "folder")


def test_wrong_keys_are_told_before_anything_is_done(
    data_dir: str, machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(DataError, match="access was denied"):
        open_pictures(data_dir, "folder")


def test_a_tilde_is_the_home_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert here("~/lab data") == tmp_path / "lab data"
    assert anywhere("~/lab data") == anywhere("lab data") == f"{tmp_path}/lab data"
    prepare(PrepareConfig(dataset="sample", data_dir="~/lab data"))
    assert open_pictures(str(tmp_path / "lab data"), "sample").pictures
    assert [path.name for path in tmp_path.iterdir()] == ["lab data"]
