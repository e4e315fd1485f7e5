"""The check before anything starts: every pair is read once, and every fault is told."""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8

from seglab.data.decode import read_image
from seglab.data.files import digest_array
from seglab.data.pairs import Pair
from seglab.data.processes import processors
from seglab.data.truth import Truth
from seglab.errors import DataError


@dataclass(frozen=True)
class Read:
    """The pixels of a pair and what is known of them."""

    name: str
    image: UInt8[np.ndarray, "h w 3"]
    truth: Truth
    image_digest: str


def read_pairs(pairs: Sequence[Pair]) -> Iterator[Read | list[str]]:
    """For each pair, in order, what it holds or what is wrong with it.

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
    """What ``pair`` holds, or all that is wrong with its two files."""
    image = truth = None
    faults = []
    try:
        image = read_image(pair.image)
    except DataError as fault:
        faults.append(str(fault))
    try:
        truth = pair.read(pair.truth)
    except DataError as fault:
        faults.append(str(fault))
    if image is None or truth is None:
        return faults
    if image.shape[:2] != truth.size:
        sizes = [f"{height}×{width}" for height, width in (image.shape[:2], truth.size)]
        return [f"{pair.image} has {sizes[0]} pixels, but {pair.truth} has {sizes[1]}"]
    return Read(pair.name, image, truth, digest_array(image))
