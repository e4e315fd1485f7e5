"""A data set from wherever it lies: a local folder, an archive, or an s3:// prefix."""

import re
import shlex
from collections.abc import Callable
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
    (zip, tar and its compressed kinds) unpacked below ``into``, only files that are ``wanted``.
    Raises ``DataError`` naming ``source`` if it is not there, not readable or unsafe.
    """
    # A folder for each source, so that files of one never pass for another's.
    own = into / digest_of(source)[:8]
    if source.startswith("s3://"):
        into.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(into.parent / f".{into.name}-{own.name}.lock"):
            path = download(source, own / "s3", wanted)
    else:
        path = Path(source).expanduser()
        with reading(source):
            if not path.exists():
                raise DataError(f"{source} does not exist")
    if FOREIGN_ARCHIVE.search(path.name):
        raise DataError(
            f"{source} is an archive that is not unpacked here; extract it first, with `7z x "
            f"{shlex.quote(path.name)}`, and give the folder as source"
        )
    return unpack(path, own / "unpacked", wanted) if is_archive(path) else path
