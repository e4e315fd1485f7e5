"""Who trains and who tests: seeded over pictures, or grouped so that a scene stays on one side."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from seglab.data.config import PARTS as PARTS
from seglab.data.config import PartName as PartName

SHARES = (0.625, 0.125, 0.25)
"""Of train, val and test: the 50, 10 and 20 pictures of the original study's 80."""


def seeded_split(
    names: Sequence[str], seed: int = 0, shares: tuple[float, float, float] = SHARES
) -> dict[str, PartName]:
    """The part of each of ``names``, drawn at random; sizes are ``shares`` of them, rounded.

    A function of the set of names and ``seed`` alone, not of the order of the names.
    """
    order = [sorted(names)[i] for i in np.random.default_rng(seed).permutation(len(names))]
    ends = [round(len(names) * sum(shares[: i + 1])) for i in range(3)]
    return {
        name: next(part for part, end in zip(PARTS, ends, strict=True) if position < end)
        for position, name in enumerate(order)
    }


def grouped_split(groups: Mapping[str, str], sizes: tuple[int, int, int]) -> dict[str, PartName]:
    """The part of each picture (key of ``groups``) such that a group lies in one part.

    The largest group first (ties by name), each into the part with the most room left of
    ``sizes`` (train, val, test); deterministic.
    """
    room = dict(zip(PARTS, sizes, strict=True))
    part_of = {}
    for group, size in sorted(
        Counter(groups.values()).items(), key=lambda item: (-item[1], item[0])
    ):
        part = max(PARTS, key=lambda part: room[part])
        part_of[group] = part
        room[part] -= size
    return {name: part_of[group] for name, group in groups.items()}
