"""Files that are whole or not there, and digests of what is in them."""

import errno
import hashlib
import io
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import numpy as np

from seglab.errors import DataError, SeglabError

Part: TypeAlias = bytes | str | memoryview
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def atomic_write(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """``path`` holding all that ``write`` wrote to the file it was given, or ``path`` as it was.

    Bytes go to a temporary name in the same folder, are synced to the disk and renamed, so that a
    killed process leaves no half file under the real name. Raises ``SeglabError`` naming the file
    when the disk is full or the folder cannot be written.
    """
    with atomic_file(path) as file:
        write(file)


@contextmanager
def atomic_file(path: Path) -> Iterator["WholeFile"]:
    """As ``atomic_write``, for a writer that keeps its file open over many steps."""
    temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = WholeFile(temporary, "xb")
    except OSError as error:
        raise _not_written(path, 0, error) from error
    try:
        with file:
            yield file
            file.sync()
        temporary.replace(path)
    except Exception as error:
        # A library between may have turned the operating system's error into one of its own.
        if file.failure:
            raise _not_written(path, file.written, file.failure) from error
        raise
    finally:
        temporary.unlink(missing_ok=True)


def sweep(folder: Path, older_than: float = 0.0) -> None:
    """Removes what killed writers left in ``folder``, if it is ``older_than`` seconds or more.

    Give an age where other processes may be writing to the folder at the same time.
    """
    for stray in folder.glob(".*.tmp"):
        with suppress(FileNotFoundError):  # another process may sweep too
            if time.time() - stray.stat().st_mtime >= older_than:
                stray.unlink()


@contextmanager
def reading(source: Path | str) -> Iterator[None]:
    """Within, what the operating system cannot read of ``source`` is a ``DataError`` naming it."""
    try:
        yield
    except OSError as error:
        raise DataError(
            f"{error.filename or source} cannot be read ({error.strerror or error}); check its "
            "permissions and its disk, or name another"
        ) from error


def digest_of(*parts: Part) -> str:
    """32 hexadecimal digits (blake2b) of ``parts``; ("ab", "c") and ("a", "bc") differ."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        data = memoryview(
            part.encode(errors="surrogatepass") if isinstance(part, str) else part
        ).cast("B")
        digest.update(data.nbytes.to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()


def digest_array(array: np.ndarray) -> str:
    """Digest of an array's dtype, shape and values, whatever its memory layout."""
    values = np.ascontiguousarray(array).reshape(-1)
    return digest_of(values.dtype.str, str(array.shape), values.data)


class WholeFile(io.FileIO):
    """An unbuffered file that writes all it is given and remembers why it could not."""

    failure: OSError | None = None
    written = 0

    def write(self, data: Any, /) -> int:
        """All of ``data``, be it in several calls of the operating system."""
        rest = memoryview(data).cast("B")
        size = len(rest)
        with self._remembering():
            while rest:
                count = super().write(rest)
                self.written += count
                rest = rest[count:]
        return size

    def sync(self) -> None:
        """Returns when the disk has what was written."""
        with self._remembering():
            os.fsync(self.fileno())

    @contextmanager
    def _remembering(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.failure = error
            raise


def _not_written(path: Path, written: int, error: OSError) -> SeglabError:
    if error.errno in NO_ROOM:
        there = next(folder for folder in path.absolute().parents if folder.exists())
        free = shutil.disk_usage(there).free
        return SeglabError(
            f"{path}: no room ({error.strerror} after {written:,} bytes, {free:,} bytes free on "
            "the disk); free some space or lift the limit, then run the same command again"
        )
    return SeglabError(f"{path}: cannot be written ({error.strerror or error}); check the folder")
