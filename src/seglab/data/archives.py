"""Zip and tar archives unpacked, and nothing ever written outside the folder they go to."""

import lzma
import os
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from tqdm import tqdm

from seglab.data.files import atomic_write
from seglab.errors import DataError, all_faults

SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
MACOS = "__MACOSX"
"""What macOS adds to each zip: a second tree that mirrors the first, without any pictures."""

CHUNK = 1 << 20
DAMAGES = zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError
"""What the readers of archives raise for one that is damaged."""


@dataclass(frozen=True)
class Member:
    """A regular file in an archive."""

    name: str
    open: Callable[[], Any]
    """Its content, as a binary file."""
    size: int


def is_archive(path: Path) -> bool:
    """Whether a file has the extension of an archive that ``unpack`` reads."""
    return path.is_file() and path.name.lower().endswith(SUFFIXES)


def inside(names: list[str], source: str) -> list[PurePosixPath]:
    """``names`` as relative paths; ``DataError`` listing those that would leave their folder."""
    unsafe = [
        name
        for name in names
        if name.startswith("/") or ".." in name.split("/") or any(c in name for c in "\\:\0")
    ]
    if unsafe:
        raise DataError(
            all_faults(
                f"{source} holds files that would be written outside their folder",
                [repr(name) for name in unsafe],
                "Nothing was written. Ask where it comes from, or repack it with plain names.",
            )
        )
    return [PurePosixPath(name) for name in names]


def unpack(archive: Path, into: Path, wanted: Callable[[PurePosixPath], bool]) -> Path:
    """The folder ``into``/<name of the archive> with its ``wanted`` files and no others.

    Files of this very archive that are there are left alone, for others may be reading them; where
    any is not, all are unpacked anew. To be called by one process at a time. Links and devices in
    an archive are left out. Raises ``DataError`` for one that is damaged, encrypted or holds unsafe
    names.
    """
    suffix = next(each for each in SUFFIXES if archive.name.lower().endswith(each))
    folder = into / archive.name[: -len(suffix)]
    try:
        changed = archive.stat().st_mtime_ns
        with _members(archive) as members:
            paths = inside([member.name for member in members], str(archive))
            chosen = {
                folder / path: member
                for path, member in zip(paths, members, strict=True)
                if wanted(path) and MACOS not in path.parts
            }
            there = {path for path in into.rglob("*") if path.is_file()}
            if any(path not in chosen or not _is_of(chosen[path], path, changed) for path in there):
                shutil.rmtree(into)
                there = set()
            folder.mkdir(parents=True, exist_ok=True)
            missing = {path: member for path, member in chosen.items() if path not in there}
            for path, member in tqdm(missing.items(), f"unpack {archive.name}"):
                with member.open() as content:
                    atomic_write(path, partial(shutil.copyfileobj, content))
                os.utime(path, ns=(changed, changed))
    except DAMAGES as error:
        raise DataError(
            f"{archive} is damaged and cannot be unpacked: {error}; fetch or pack it again"
        ) from error
    except RuntimeError as error:  # zipfile's way to say encrypted
        raise DataError(
            f"{archive} cannot be unpacked: {error}; unpack it yourself and give the folder"
        ) from error
    return folder


def _is_of(member: Member, path: Path, changed: int) -> bool:
    """Whether a file was unpacked whole from a member of the archive that ``changed`` then."""
    there = path.stat()
    return (there.st_size, there.st_mtime_ns) == (member.size, changed)


@contextmanager
def _members(archive: Path) -> Iterator[list[Member]]:
    """The regular files of an archive, open as long as the context is."""
    if archive.name.lower().endswith(".zip"):
        with zipfile.ZipFile(archive) as file:
            yield [
                Member(info.filename, partial(file.open, info), info.file_size)
                for info in file.infolist()
                if not info.is_dir()
            ]
    else:
        with tarfile.open(archive) as file:
            infos = file.getmembers()
            # tarfile stops at the last member, before the checksum of what is compressed.
            while file.fileobj and file.fileobj.read(CHUNK):
                pass
            yield [
                Member(info.name, partial(file.extractfile, info), info.size)
                for info in infos
                if info.isfile()
            ]
