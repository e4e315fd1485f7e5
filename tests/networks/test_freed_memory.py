"""Memory of tensors, kept from step to step."""

import platform
import resource

import pytest
import torch

from seglab.networks.memory import keep_freed_memory
from tests.preloaded import fork

BLOCK = 1 << 26
"""Bytes of a tensor, more than glibc keeps by itself."""


def page_faults(tensors):
    """How often the system had to find memory for so many tensors, one after the other."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(tensors):
        torch.ones(BLOCK, dtype=torch.uint8)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def compare():
    anew = page_faults(4)
    keep_freed_memory()
    page_faults(16)  # glibc cuts some, to align them, before one fits where another was
    assert page_faults(4) < anew / 10


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")
def test_memory_that_a_tensor_leaves_serves_the_next_one():
    """In a process of its own, which changes for good."""
    process = fork(compare)
    process.start()
    process.join()
    assert process.exitcode == 0
