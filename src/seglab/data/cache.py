"""Arrays on disk that took long to compute, named by everything that determined them."""

import os
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from jaxtyping import UInt8

from seglab.data.files import atomic_write, sweep
from seglab.data.shared import fetch, publish
from seglab.errors import CacheError

CHECKSUM_BYTES = 4
ABANDONED = 3600.0
"""Age in seconds from which a temporary file belongs to a writer that was killed."""


@dataclass(frozen=True)
class ArrayCache:
    """A folder of uint8 arrays of any shape by key, one file each: ``<2 digits>/<key>.arrow``.

    A key is a digest of all that determined the array, a version of the code included. A file is
    an Arrow tensor message followed by its CRC-32. Files are written whole or not at all, and a key
    stands for one content, so any number of processes may read and fill the folder at once.
    """

    folder: Path
    """Named after the job that fills it."""

    def path(self, key: str) -> Path:
        """The file of ``key``, there or not."""
        return self.folder / file_of(key)

    def has(self, key: str) -> bool:
        """Whether the array is there and whole; reads it all, about 0.1 ms for 512²."""
        try:
            data = memoryview(self.path(key).read_bytes())
        except FileNotFoundError:
            return False
        message, checksum = data[:-CHECKSUM_BYTES], data[-CHECKSUM_BYTES:]
        return len(message) > 0 and checksum == _checksum(message)

    def load(self, key: str) -> UInt8[np.ndarray, "..."]:
        """The array, read-only and memory-mapped; raises ``CacheError`` if it cannot be read.

        The file is opened at every call and closed with the array, so that no process runs out of
        handles, and workers share nothing.
        """
        try:
            # As bytes, for Arrow takes no text that is not UTF-8.
            with pa.memory_map(os.fsencode(self.path(key))) as file:
                values: np.ndarray = pa.ipc.read_tensor(file).to_numpy()
        except (OSError, pa.ArrowException) as error:
            raise CacheError(
                f"{self.path(key)} is gone or damaged ({error}): run the {self.folder.name} job "
                "again"
            ) from error
        return values

    def store(self, key: str, values: UInt8[np.ndarray, "..."]) -> None:
        """Writes an array in one step; where another process did so before, nothing changes."""
        sink = pa.BufferOutputStream()
        pa.ipc.write_tensor(pa.Tensor.from_numpy(np.ascontiguousarray(values)), sink)
        message = sink.getvalue()
        atomic_write(
            self.path(key), lambda file: (file.write(message), file.write(_checksum(message)))
        )

    def sweep(self) -> None:
        """Removes what writers that were killed left behind."""
        for folder in self.folder.glob("??"):
            sweep(folder, older_than=ABANDONED)


def open_cache(data_dir: str, job: str, keys: Iterable[str] = ()) -> ArrayCache:
    """What ``job`` computes, in one cache for all data sets in ``data_dir``.

    If that is in a bucket, the arrays of ``keys`` that it has are fetched.
    """
    names = {file_of(key) for key in keys}
    return ArrayCache(fetch(data_dir, f"cache/{job}", lambda path: str(path) in names))


def publish_cache(data_dir: str, job: str, keys: Iterable[str]) -> None:
    """Sends the arrays of ``keys`` to ``data_dir``, if that is in a bucket."""
    publish(data_dir, f"cache/{job}", map(file_of, keys))


def file_of(key: str) -> str:
    """Path of the file of ``key`` in its cache."""
    return f"{key[:2]}/{key}.arrow"


def _checksum(message: memoryview | pa.Buffer) -> bytes:
    return zlib.crc32(message).to_bytes(CHECKSUM_BYTES, "little")
