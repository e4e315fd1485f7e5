"""An append-only file of records, each of which is whole or not there."""

import errno
import json
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

Record: TypeAlias = dict[str, Any]
BLOCK = 1 << 20
"""Bytes read at once."""


class Journal:
    """A file that one process appends to; others may read it meanwhile.

    A record is one line: the CRC-32 of its JSON, then the JSON. It is with the operating system
    when ``append`` returns, so that kill -9 loses nothing. It is not synced to the disk, which
    would cost milliseconds: a power cut may take the last seconds.
    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.size = os.fstat(self._file).st_size

    def append(self, record: Record) -> None:
        """Adds a record; raises ``OSError`` and leaves the file as it was if the disk is full."""
        body = json.dumps(record, separators=(",", ":")).encode()
        line = b"%08x %s\n" % (zlib.crc32(body), body)
        written = 0
        try:
            written = os.write(self._file, line)
            if written < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError:
            os.ftruncate(self._file, self.size)
            raise
        self.size += written

    def trim(self, size: int) -> None:
        """Drops what lies beyond ``size`` bytes: the part of a record that a crash left."""
        os.ftruncate(self._file, size)
        self.size = size

    def close(self) -> None:
        """Nothing can be appended afterwards."""
        os.close(self._file)


def read_records(path: Path, start: int) -> Iterator[tuple[Record | None, int]]:
    """The records from byte ``start`` on, each with the byte at which it ends.

    A damaged line gives None; a last line without its end, which a crash leaves, is not there.
    """
    with path.open("rb") as file:
        file.seek(start)
        rest = b""
        while block := file.read(BLOCK):
            *lines, rest = (rest + block).split(b"\n")
            for line in lines:
                start += len(line) + 1
                yield _parsed(line), start


def _parsed(line: bytes) -> Record | None:
    checksum, _, body = line.partition(b" ")
    if checksum != b"%08x" % zlib.crc32(body):
        return None
    record: Record = json.loads(body)
    return record
