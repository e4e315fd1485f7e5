"""The check before anything starts: every pair is read once, and every fault is told."""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8

from seglab.data.decode import read_image, read_mask
from seglab.data.files import digest_array
from seglab.data.pairs import Pair
from seglab.data.processes import processors
from seglab.errors import DataError


@dataclass(frozen=True)
class Read:
    """The pixels of a pair and their digests."""

    name: str
    image: UInt8[np.ndarray, "h w 3"]
    mask: UInt8[np.ndarray, "h w"]
    image_digest: str
    mask_digest: str


def read_pairs(pairs: Sequence[Pair]) -> Iterator[Read | list[str]]:
    """For each pair, in order, its pixels or what is wrong with it.

    As many pairs are read at once as there are processors, so no more than that are in memory.
    """
    workers = processors()
    with ThreadPoolExecutor(workers) as pool:
        waiting: deque[Future[Read | list[str]]] = deque()
        for pair in pairs:
            waiting.append(pool.submit(read_pair, pair))
            if len(waiting) == workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def read_pair(pair: Pair) -> Read | list[str]:
    """The pixels of ``pair``, or all that is wrong with its two files."""
    image = mask = None
    faults = []
    try:
        image = read_image(pair.image)
    except DataError as fault:
        faults.append(str(fault))
    try:
        mask = read_mask(pair.mask)
    except DataError as fault:
        faults.append(str(fault))
    if image is None or mask is None:
        return faults
    if image.shape[:2] != mask.shape:
        sizes = [f"{height}×{width}" for height, width in (image.shape[:2], mask.shape)]
        return [f"{pair.image} has {sizes[0]} pixels, but {pair.mask} has {sizes[1]}"]
    return Read(pair.name, image, mask, digest_array(image), digest_array(mask))
