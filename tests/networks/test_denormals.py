"""Numbers under a float's normal range, which training takes for zero."""

import numpy as np
import torch

from seglab.networks.denormals import denormals_flushed
from seglab.training.loop import Silent
from tests.preloaded import fork
from tests.training.tiny import train

SIZE = 1 << 20
"""Elements of a product, more than PyTorch leaves to one thread."""


def kept():
    """How many of so many products of 10⁻⁴⁰ are not zero."""
    products = torch.full((SIZE,), 1e-20) * 1e-20
    return np.count_nonzero(products.numpy().view(np.uint32))  # of the bits: no arithmetic here


def compare():
    torch.set_num_threads(3)
    assert kept() == SIZE  # and OpenMP has its threads
    with denormals_flushed():
        assert kept() == 0
    assert kept() == SIZE


def test_every_thread_flushes_denormals_within_and_none_after():
    """In a process of its own, with threads of its own."""
    process = fork(compare)
    process.start()
    process.join()
    assert process.exitcode == 0


class Looking(Silent):
    """Looks at the end of each epoch what is left of denormal products."""

    def __init__(self):
        self.kept = []

    def metrics(self, values, step):
        self.kept.append(kept())


def test_training_flushes_denormals(tmp_path):
    looking = Looking()
    train(tmp_path, epochs=2, recorder=looking)
    assert looking.kept == [0, 0]
    assert kept() == SIZE
