"""The processes of one training: one alone, or as many as ``torchrun`` started."""

import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from seglab.training.interrupt import Held


@dataclass(frozen=True)
class Group:
    """``size`` processes that take the same steps, each on its share of every batch."""

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process writes what is written once: checkpoints, log, progress bar."""
        return self.rank == 0

    def parallel(self, network: nn.Module, device: torch.device) -> nn.Module:
        """``network`` with gradients averaged over the group after each backward pass.

        On GPUs, batch norms see the whole group's batch; on CPUs, which PyTorch gives no such norm,
        each process' own share.
        """
        if self.size == 1:
            return network
        if device.type == "cuda":
            # Norms are exchanged below ``network`` itself, which keeps its weights' names.
            nn.SyncBatchNorm.convert_sync_batchnorm(network)  # type: ignore[no-untyped-call]
        return DistributedDataParallel(network)

    def local(self, network: nn.Module, so: bool) -> AbstractContextManager[object]:
        """Within, if ``so``, backward passes of a ``parallel`` network only add up here."""
        if so and isinstance(network, DistributedDataParallel):
            return network.no_sync()
        return nullcontext()

    def total(self, values: Mapping[str, float]) -> dict[str, float]:
        """Each value summed over the group; the keys are the same in every process."""
        if self.size == 1:
            return dict(values)
        sums = torch.tensor(list(values.values()), dtype=torch.float64)
        dist.all_reduce(sums)
        return dict(zip(values, sums.tolist(), strict=True))

    def stops(self, held: Held) -> bool:
        """Whether any process was asked to stop; then all stop, as if each had been asked."""
        if self.size == 1:
            return bool(held)
        asked = self.total({"stop": bool(held)})["stop"] > 0
        if asked and not held:
            held.arrived = signal.SIGTERM
        return asked

    def gather(self, words: list[str]) -> list[str]:
        """The words of all processes."""
        if self.size == 1:
            return words
        gathered: list[list[str]] = [[] for _ in range(self.size)]
        dist.all_gather_object(gathered, words)
        return [word for share in gathered for word in share]

    def told(self, word: str) -> str:
        """What the leading process says."""
        if self.size == 1:
            return word
        said = [word]
        dist.broadcast_object_list(said)
        return said[0]


ALONE = Group()


@contextmanager
def joined() -> Iterator[Group]:
    """The group that ``torchrun`` put this process into, or a group of one."""
    if not dist.is_torchelastic_launched():
        yield ALONE
        return
    dist.init_process_group("cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo")
    try:
        if torch.cuda.is_available():
            torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
        yield Group(dist.get_rank(), dist.get_world_size())
    finally:
        dist.destroy_process_group()
