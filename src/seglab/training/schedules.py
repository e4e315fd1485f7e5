"""Learning rate as a function of the epoch."""

FLOOR = 1e-4
"""Halving stops here, as in the superpixel study."""


def learning_rate(schedule: str, base: float, every: int, epoch: int) -> float:
    """The rate of ``epoch``, counted from 0.

    constant: ``base``. halve: halved after every ``every`` epochs, but not below 1e-4 (a lower
    ``base`` stays as it is). drop: a tenth of ``base`` after the first ``every`` epochs. The
    superpixel study's schedules A (every 2), C and B (every 10).
    """
    if schedule == "halve":
        return max(base * 0.5 ** (epoch // every), min(base, FLOOR))
    if schedule == "drop":
        return base if epoch < every else base / 10
    return base
