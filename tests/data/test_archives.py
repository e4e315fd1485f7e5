"""What is unpacked of an archive, kept while others read it, and who unpacks it."""

import os
import shutil
import tarfile
from pathlib import Path
from threading import Thread

import pytest

from seglab.data.remote import local_copy
from seglab.errors import DataError


def packed(archive: Path, files: dict[str, bytes]) -> Path:
    """A zip or tar of these files."""
    folder = archive.parent / "to_pack"
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    kind = {".zip": "zip", ".tar": "tar", ".xz": "xztar", ".gz": "gztar", ".bz2": "bztar"}
    made = shutil.make_archive(f"{archive.parent}/made", kind[archive.suffix], folder)
    shutil.rmtree(folder)
    return Path(made).replace(archive)


def written(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file below a folder, by where the disk has it and when it was last written or moved."""
    found = ((path, path.stat()) for path in folder.rglob("*") if path.is_file())
    return {f"{path.relative_to(folder)}": (s.st_ino, s.st_ctime_ns) for path, s in found}


@pytest.mark.parametrize("name", ["photos.zip", "photos.tar.gz"])
def test_what_is_unpacked_is_kept_and_what_is_lost_comes_back(tmp_path: Path, name: str) -> None:
    archive = packed(tmp_path / name, {"a.png": b"a", "b/c.png": b"c" * 999})
    folder = local_copy(str(archive), tmp_path / "into")
    before = written(folder)
    assert written(local_copy(str(archive), tmp_path / "into")) == before
    (folder / "a.png").unlink()
    after = written(local_copy(str(archive), tmp_path / "into"))
    assert after["b/c.png"] == before["b/c.png"]
    assert (folder / "a.png").read_bytes() == b"a"


def test_of_another_archive_by_the_same_name_nothing_is_kept(tmp_path: Path) -> None:
    packed(tmp_path / "photos.zip", {"a.png": b"1", "b/c.png": b"c"})
    local_copy(f"{tmp_path}/photos.zip", tmp_path / "into")
    packed(tmp_path / "photos.zip", {"a.png": b"2"})
    folder = local_copy(f"{tmp_path}/photos.zip", tmp_path / "into")
    assert [path.name for path in folder.iterdir()] == ["a.png"]
    assert (folder / "a.png").read_bytes() == b"2"


def test_a_file_that_was_half_unpacked_is_unpacked_anew(tmp_path: Path) -> None:
    archive = packed(tmp_path / "photos.zip", {"a.png": b"a" * 999})
    folder = local_copy(str(archive), tmp_path / "into")
    for half in (b"a" * 500, b"b" * 999):
        (folder / "a.png").write_bytes(half)
        local_copy(str(archive), tmp_path / "into")
        assert (folder / "a.png").read_bytes() == b"a" * 999


def test_two_at_once_share_what_the_first_unpacks(tmp_path: Path) -> None:
    archive = packed(tmp_path / "photos.zip", {f"{i}.png": b"a" for i in range(9)})
    seen: list[dict[str, tuple[int, int]]] = []

    def unpack_beside() -> None:
        seen.append(written(local_copy(str(archive), tmp_path / "into")))

    beside = Thread(target=unpack_beside)

    def wanted(path: object) -> bool:
        if not beside.ident:
            beside.start()
            beside.join(1)  # time to unpack all of it, if nothing holds it up
        return True

    folder = local_copy(str(archive), tmp_path / "into", wanted)
    beside.join(60)
    assert len(written(folder)) == 9
    assert seen == [written(folder)]


def test_equal_names_in_two_working_folders_are_two_archives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        packed(tmp_path / name / "photos.zip", {f"{name}.png": b""})
        monkeypatch.chdir(tmp_path / name)
        folders.append(local_copy("photos.zip", tmp_path / "into"))
    assert [[path.name for path in folder.iterdir()] for folder in folders] == [
        ["one.png"],
        ["two.png"],
    ]
    assert local_copy(f"{tmp_path}/two/photos.zip", tmp_path / "into") == folders[1]


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz", "a.tar.bz2", "a.tar.xz"])
def test_archives_that_are_damaged_inside_are_refused(tmp_path: Path, name: str) -> None:
    archive = packed(tmp_path / name, {"a.png": os.urandom(200_000)})
    data = bytearray(archive.read_bytes())
    for place in range(100_000, 100_100):
        data[place] ^= 255
    archive.write_bytes(data)
    with pytest.raises(DataError, match=rf"(?s){name} is damaged .*; fetch or pack it again"):
        local_copy(str(archive), tmp_path / "into")


def test_a_file_twice_in_an_archive_is_the_later_one(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        for content in (b"older one", b"newer"):
            (tmp_path / "x").write_bytes(content)
            tar.add(tmp_path / "x", "x.png")
    folder = local_copy(f"{tmp_path}/a.tar", tmp_path / "into")
    before = written(folder)
    assert (folder / "x.png").read_bytes() == b"newer"
    assert written(local_copy(f"{tmp_path}/a.tar", tmp_path / "into")) == before
