"""Memory of tensors, kept from step to step."""

import platform
import resource

import pytest
import torch

from seglab.networks.memory import keep_freed_memory
from tests.children import in_child

BLOCK = 1 << 26
"""Bytes of a tensor, more than glibc keeps by itself."""


def page_faults(tensors):
    """How often the system had to find memory for so many tensors, one after the other."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(tensors):
        torch.ones(BLOCK, dtype=torch.uint8)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")
def test_memory_that_a_tensor_leaves_serves_the_next_one():
    def compare():
        anew = page_faults(4)
        keep_freed_memory()
        page_faults(16)  # glibc cuts some, to align them, before one fits where another was
        assert page_faults(4) < anew / 10

    assert in_child(compare) == 0
