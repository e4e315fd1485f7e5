"""What is unpacked of an archive, kept while others read it, and who unpacks it."""

import os
import shutil
from pathlib import Path

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


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz", "a.tar.bz2", "a.tar.xz"])
def test_archives_that_are_damaged_inside_are_refused(tmp_path: Path, name: str) -> None:
    archive = packed(tmp_path / name, {"a.png": os.urandom(200_000)})
    data = bytearray(archive.read_bytes())
    for place in range(100_000, 100_100):
        data[place] ^= 255
    archive.write_bytes(data)
    with pytest.raises(DataError, match=rf"(?s){name} is damaged .*; fetch or pack it again"):
        local_copy(str(archive), tmp_path / "into")
