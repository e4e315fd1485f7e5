"""A data set from wherever it lies: a local folder, an archive, or an s3:// prefix."""

import re
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TypeAlias

from filelock import FileLock

from seglab.data.archives import is_archive, unpack
from seglab.data.files import digest_of, reading
from seglab.data.s3 import download
from seglab.errors import DataError

Wanted: TypeAlias = Callable[[PurePosixPath], bool]
FOREIGN_ARCHIVE = re.compile(r"\.(7z(\.\d+)?|rar|zip\.\d+)$", re.IGNORECASE)


def everything(path: PurePosixPath) -> bool:
    """Every file is wanted."""
    return True


def local_copy(source: str, into: Path, wanted: Wanted = everything) -> Path:
    """A local folder (or file) with what ``source`` names.

    A local path is returned as it is. An ``s3://bucket/prefix`` is downloaded and an archive
    (zip, tar and its compressed kinds) unpacked below ``into``, only files that are ``wanted``,
    what is there already and current being kept. Any number of processes may call it at once.
    Raises ``DataError`` naming ``source`` if it is not there, not readable or unsafe.
    """
    if source.startswith("s3://"):
        with _own_folder(source, into) as own:
            path = download(source, own / "s3", wanted)
            return unpack(path, own / "unpacked", wanted) if _to_unpack(path, source) else path
    path = Path(source).expanduser()
    with reading(source):
        if not path.exists():
            raise DataError(f"{source} does not exist")
    if not _to_unpack(path, source):
        return path
    with _own_folder(str(path.absolute()), into) as own:
        return unpack(path, own / "unpacked", wanted)


@contextmanager
def _own_folder(source: str, into: Path) -> Iterator[Path]:
    """A folder for each source, so that files of one never pass for another's; held meanwhile."""
    own = into / digest_of(source)[:8]
    into.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(into.parent / f".{into.name}-{own.name}.lock"):
        yield own


def _to_unpack(path: Path, source: str) -> bool:
    """Whether it is an archive; ``DataError`` if it is one of a kind that is not unpacked here."""
    if FOREIGN_ARCHIVE.search(path.name):
        raise DataError(
            f"{source} is an archive that is not unpacked here; extract it first, with `7z x "
            f"{shlex.quote(path.name)}`, and give the folder as source"
        )
    return is_archive(path)
