"""Ways to damage a file, each a function of its bytes, of another file's and of chance."""

from collections.abc import Callable

import numpy as np

HEADER = 64
"""Bytes in which most headers end."""


def untouched(data: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    """The file as it is."""
    return data


def cut(data: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    """Its beginning."""
    return data[: rng.integers(len(data))]


def flipped(data: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    """One to eight bits flipped, anywhere."""
    return _flipped(data, len(data), rng)


def flipped_header(data: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    """The same among the first bytes."""
    return _flipped(data, HEADER, rng)


def flipped_end(data: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    """The same among the last bytes, where TIFF has its header."""
    return _flipped(data[::-1], 4 * HEADER, rng)[::-1]


def _flipped(data: bytes, among: int, rng: np.random.Generator) -> bytes:
    damaged = bytearray(data)
    for _ in range(rng.integers(1, 9)):
        damaged[rng.integers(min(among, len(damaged)))] ^= 1 << int(rng.integers(8))
    return bytes(damaged)


def swapped_header(data: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    """The beginning of another file, then the rest of this one."""
    place = int(rng.integers(1, HEADER))
    return other[:place] + data[place:]


def swapped_tail(data: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    """The beginning of this file, then the rest of another one."""
    place = int(rng.integers(1, len(data)))
    return data[:place] + other[place:]


def blanked(data: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    """A block of zeros, as a failed disk or a torn download leaves."""
    start, end = sorted(rng.integers(len(data) + 1, size=2))
    return data[:start] + bytes(end - start) + data[end:]


def lost(data: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    """A few bytes missing in the middle."""
    start = int(rng.integers(len(data)))
    return data[:start] + data[start + int(rng.integers(1, 65)) :]


Damage = Callable[[bytes, bytes, np.random.Generator], bytes]
DAMAGES: tuple[Damage, ...] = (
    *(untouched, cut, flipped, flipped, flipped_header, flipped_end),
    *(swapped_header, swapped_tail, blanked, lost),
)
