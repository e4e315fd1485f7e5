"""pictures.arrow: every picture of a data set whole, in one memory-mapped Arrow file."""

import mmap
import os
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
from jaxtyping import UInt, UInt8, UInt16

SCHEMA = pa.schema(
    {
        "image_digest": pa.string(),
        "truth_digest": pa.string(),
        "image": pa.large_binary(),
        "truth": pa.large_binary(),
    }
)


class Writer:
    """Appends pictures to a file, one record batch each, so that one at a time is in memory."""

    def __init__(self, file: BinaryIO) -> None:
        self._writer = pa.ipc.new_file(file, SCHEMA)

    def append(
        self,
        image: UInt8[np.ndarray, "h w 3"],
        truth: UInt8[np.ndarray, "h w"] | UInt16[np.ndarray, "n h w"],
        image_digest: str,
        truth_digest: str,
    ) -> None:
        """Writes one picture after those before it."""
        digests = pa.array([image_digest]), pa.array([truth_digest])
        columns = [*digests, _binary(image), _binary(truth)]
        self._writer.write_batch(pa.record_batch(columns, schema=SCHEMA))

    def close(self) -> None:
        """Writes the index, without which the file cannot be read."""
        self._writer.close()


class Reader:
    """Record batches of a file as views of its memory map.

    The map is opened at the first read of each process, so that a reader can be pickled and is
    safe in forked and spawned workers.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: Any = None
        self._process = -1

    def batch(self, index: int) -> Any:
        """The record batch at ``index``; its buffers are views of the memory map."""
        return self._open().get_batch(index)

    def count(self) -> int:
        """How many pictures are stored."""
        return int(self._open().num_record_batches)

    def _open(self) -> Any:
        if self._process != os.getpid():
            # Threads do not survive a fork, so a forked worker needs a reader of its own.
            options = pa.ipc.IpcReadOptions(use_threads=False)
            # Python's own map, as Arrow's takes no path that is not UTF-8.
            with self.path.open("rb") as file:
                pixels = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            self._file = pa.ipc.open_file(pa.BufferReader(pa.py_buffer(pixels)), options=options)
            self._process = os.getpid()
        return self._file

    def __reduce__(self) -> tuple[type["Reader"], tuple[Path]]:
        return Reader, (self.path,)


def view(
    batch: Any, column: str, shape: tuple[int, ...], dtype: type[np.unsignedinteger[Any]]
) -> UInt[np.ndarray, "..."]:
    """The array stored in ``column`` of a record batch: read-only, nothing copied."""
    # The third buffer of a binary column is its bytes; its scalar would be a copy of them.
    return np.frombuffer(batch.column(column).buffers()[2], dtype).reshape(shape)


def _binary(array: UInt[np.ndarray, "..."]) -> Any:
    """One Arrow value over the memory of ``array``."""
    values = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    offsets = pa.py_buffer(np.array([0, values.size], np.int64))
    return pa.Array.from_buffers(pa.large_binary(), 1, [None, offsets, pa.py_buffer(values)])
