"""Seeds made of several numbers; apart, as studies need them without torch."""

import numpy as np


def fold(*numbers: int) -> int:
    """A 63-bit seed that depends on every one of ``numbers`` (non-negative) and their order."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> 1)
