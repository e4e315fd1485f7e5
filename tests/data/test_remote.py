"""Data sets from a real S3 server and from archives."""

import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from seglab.data.remote import local_copy
from seglab.errors import DataError
from tests.s3 import S3, free_ports


def files_below(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder of a data set, with accents and spaces in its names."""
    folder = tmp_path / "my data"
    for name, data in {
        "images/ä b.png": b"1" * 999,
        "masks/ä b.png": b"",
        "note.txt": b"x",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


@pytest.fixture
def no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def test_a_local_folder_is_used_where_it_is(tree: Path, tmp_path: Path) -> None:
    assert local_copy(str(tree), tmp_path / "into") == tree
    assert not (tmp_path / "into").exists()


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nowhere does not exist"):
        local_copy(str(tmp_path / "nowhere"), tmp_path)


def test_a_prefix_is_downloaded_as_a_folder(s3: S3, tree: Path, tmp_path: Path) -> None:
    s3.upload(tree, "whole", "sets/birds")
    s3.upload(tree, "whole", "sets/birds2")
    folder = local_copy("s3://whole/sets/birds/", tmp_path / "into")
    assert folder.name == "birds"
    assert files_below(folder) == files_below(tree)


def test_only_wanted_objects_are_downloaded(s3: S3, tree: Path, tmp_path: Path) -> None:
    s3.upload(tree, "wanted", "d")
    folder = local_copy("s3://wanted/d", tmp_path, lambda path: path.parent.name == "masks")
    assert list(files_below(folder)) == ["masks/ä b.png"]


def test_large_objects_in_parts_arrive_whole(s3: S3, tmp_path: Path) -> None:
    (tmp_path / "big").mkdir()
    (tmp_path / "big" / "tile.tif").write_bytes(os.urandom(20 << 20))
    s3.upload(tmp_path / "big", "parts", "d")
    etag = s3.client().head_object(Bucket="parts", Key="d/tile.tif")["ETag"]
    assert "-" in etag, "the upload was meant to go in parts"
    folder = local_copy("s3://parts/d", tmp_path / "into")
    assert files_below(folder) == files_below(tmp_path / "big")


def test_what_has_arrived_is_not_fetched_again_and_what_changed_is(
    s3: S3, tree: Path, tmp_path: Path
) -> None:
    s3.upload(tree, "again", "d")
    folder = local_copy("s3://again/d", tmp_path / "into")
    before = {path: path.stat().st_ino for path in folder.rglob("*") if path.is_file()}
    client = s3.client()
    client.put_object(Bucket="again", Key="d/images/ä b.png", Body=b"2" * 998)
    client.delete_object(Bucket="again", Key="d/note.txt")
    local_copy("s3://again/d", tmp_path / "into")
    assert files_below(folder) == {"images/ä b.png": b"2" * 998, "masks/ä b.png": b""}
    kept, changed = folder / "masks/ä b.png", folder / "images/ä b.png"
    assert kept.stat().st_ino == before[kept]
    assert changed.stat().st_ino != before[changed]


def test_a_half_written_file_is_fetched_again(s3: S3, tree: Path, tmp_path: Path) -> None:
    s3.upload(tree, "half", "d")
    folder = local_copy("s3://half/d", tmp_path / "into")
    damaged = folder / "images/ä b.png"
    damaged.write_bytes(damaged.read_bytes()[:500])
    local_copy("s3://half/d", tmp_path / "into")
    assert files_below(folder) == files_below(tree)


def test_an_archive_in_a_bucket_is_unpacked(s3: S3, tree: Path, tmp_path: Path) -> None:
    s3.client().create_bucket(Bucket="archives")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files_below(tree).items():
            archive.writestr(name, data)
    s3.client().put_object(Bucket="archives", Key="sets/birds.zip", Body=buffer.getvalue())
    folder = local_copy("s3://archives/sets/birds.zip", tmp_path / "into")
    assert folder.name == "birds"
    assert files_below(folder) == files_below(tree)


def test_no_such_bucket(s3: S3, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"s3://nothing-here/d .*no bucket 'nothing-here' at http"):
        local_copy("s3://nothing-here/d", tmp_path)


def test_nothing_below_the_prefix(s3: S3, tree: Path, tmp_path: Path) -> None:
    s3.upload(tree, "empty", "d")
    with pytest.raises(DataError, match="s3://empty/other holds no files"):
        local_copy("s3://empty/other", tmp_path)


def test_wrong_keys_are_denied(
    s3: S3, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3.upload(tree, "denied", "d")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(
        DataError, match=r"s3://denied/d .*denied.*\(SignatureDoesNotMatch\); correct AWS_ACC"
    ):
        local_copy("s3://denied/d", tmp_path)


@pytest.mark.usefixtures("no_credentials")
def test_no_credentials(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"s3://any/d .*set AWS_ACCESS_KEY_ID"):
        local_copy("s3://any/d", tmp_path)


def test_an_endpoint_nobody_answers_at(
    s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = f"http://127.0.0.1:{free_ports(1)[0]}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    with pytest.raises(DataError, match=rf"s3://any/d .*{endpoint} cannot be reached"):
        local_copy("s3://any/d", tmp_path)


@pytest.mark.parametrize("url", ["s3://", "s3:///d", "s3://Not_A Bucket/d"])
def test_malformed_urls(s3: S3, tmp_path: Path, url: str) -> None:
    with pytest.raises(DataError, match=url):
        local_copy(url, tmp_path)


def packed(path: Path, files: dict[str, bytes]) -> Path:
    """An archive of the kind that its name says."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in files.items():
                archive.writestr(name, data)
    else:
        with tarfile.open(
            path, f"w:{path.suffix[1:].replace('tar', '').replace('tgz', 'gz')}"
        ) as tar:
            for name, data in files.items():
                info = tarfile.TarInfo(name)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
    return path


ARCHIVES = ["v1.0.zip", "v1.0.tar", "v1.0.tar.gz", "v1.0.tgz", "v1.0.tar.bz2", "v1.0.tar.xz"]


@pytest.mark.parametrize("name", ARCHIVES)
def test_archives_are_unpacked_only_what_is_wanted(tree: Path, tmp_path: Path, name: str) -> None:
    archive = packed(tmp_path / name, files_below(tree))
    folder = local_copy(str(archive), tmp_path / "into")
    assert folder.name == "v1.0"
    assert files_below(folder) == files_below(tree)
    images = local_copy(str(archive), tmp_path / "into", lambda path: "images" in path.parts)
    assert list(files_below(images)) == ["images/ä b.png"]


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz"])
@pytest.mark.parametrize(
    "hostile", ["../out.txt", "/tmp/seglab-out.txt", "a/../../out.txt", "..\\out"]
)
def test_files_outside_the_folder_are_refused(tmp_path: Path, name: str, hostile: str) -> None:
    archive = packed(tmp_path / name, {"fine.txt": b"", hostile: b"evil"})
    with pytest.raises(DataError, match=r"outside their folder") as caught:
        local_copy(str(archive), tmp_path / "into" / "deep")
    assert repr(hostile) in str(caught.value)
    files = {path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".lock"}
    assert files == {archive}
    assert not Path("/tmp/seglab-out.txt").exists()


def test_links_in_a_tar_are_left_out(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        link = tarfile.TarInfo("passwd")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    assert files_below(local_copy(str(tmp_path / "a.tar"), tmp_path / "into")) == {}


def test_the_second_tree_of_macos_is_left_out(tmp_path: Path) -> None:
    archive = packed(tmp_path / "a.zip", {"d/images/a.png": b"", "__MACOSX/d/images/._a.png": b""})
    folder = local_copy(str(archive), tmp_path / "into")
    assert list(files_below(folder)) == ["d/images/a.png"]


@pytest.mark.parametrize("name", ARCHIVES)
def test_truncated_archives_are_refused(tree: Path, tmp_path: Path, name: str) -> None:
    (tree / "images" / "noise").write_bytes(os.urandom(50_000))
    archive = packed(tmp_path / name, files_below(tree))
    data = archive.read_bytes()
    archive.write_bytes(data[: len(data) // 2])
    with pytest.raises(DataError, match=rf"{name} is damaged"):
        local_copy(str(archive), tmp_path / "into")


@pytest.mark.parametrize("name", ["aerialimagelabeling.7z", "aerialimagelabeling.7z.001", "a.rar"])
def test_other_archives_come_with_the_command_that_extracts_them(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"7z")
    with pytest.raises(DataError, match=f"`7z x {name}`"):
        local_copy(str(tmp_path / name), tmp_path / "into")


def test_that_command_is_one_for_a_shell_whatever_the_name(tmp_path: Path) -> None:
    (tmp_path / "my birds.rar").write_bytes(b"7z")
    with pytest.raises(DataError, match=r"`7z x 'my birds.rar'`"):
        local_copy(str(tmp_path / "my birds.rar"), tmp_path / "into")
