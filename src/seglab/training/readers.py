"""Processes that read samples beside the training, and say what they were reading when they die."""

import os
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import cast

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, default_collate, get_worker_info

from seglab.data.samples import Sample, Samples
from seglab.errors import SeglabError, TrainingError

DEATH = re.compile(r"DataLoader worker \(pid\S* (?P<pids>[\d, ]+)\) (?P<how>[^.]*)")
"""What PyTorch says of a worker that is gone."""
PATIENCE = 1.0
"""Seconds within which the operating system tells that a process is gone."""


class Readers:
    """``processes`` that read samples for ``device``; with 0, the training process reads them."""

    def __init__(self, processes: int, device: torch.device) -> None:
        self.processes = processes
        self.device = device
        # In shared memory, which outlives whoever wrote there: process and index of the sample.
        self._notes = torch.zeros((processes, 2), dtype=torch.int64)
        self._notes.share_memory_()  # type: ignore[no-untyped-call]
        self._samples: Samples | None = None

    def load(self, samples: Samples, indices: list[list[int]]) -> Iterator[Sample]:
        """The batches of the samples at ``indices``, in that order."""
        self._samples = samples
        loader = DataLoader(
            Noted(samples, self._notes),
            batch_sampler=indices,
            num_workers=min(self.processes, len(indices)),
            collate_fn=collate,
            pin_memory=self.device.type == "cuda",
        )
        for batch in loader:
            if isinstance(batch, SeglabError):
                raise batch
            yield batch

    @contextmanager
    def deaths_told(self) -> Iterator[None]:
        """Turns the death of a process into ``TrainingError`` naming the sample it was reading.

        PyTorch raises it wherever the training happens to be, so all of it belongs inside.
        """
        try:
            yield
        except (RuntimeError, OSError, EOFError) as error:
            death = DEATH.search(str(error)) or (told_soon() if self.processes else None)
            if death is None:
                raise
            raise TrainingError(
                f"a process that read samples died ({death['how'].strip()}) on "
                f"{self._read_by(death['pids'])}; look at what was read, and if that is whole, "
                f"memory ran out: lower --workers={self.processes}. The run can be resumed"
            ) from error

    def _read_by(self, pids: str) -> str:
        assert self._samples is not None
        dead = {int(pid) for pid in pids.split(",")}
        found = [self._samples.key(i) for pid, i in self._notes.tolist() if pid in dead]
        return ", ".join(found) or "no sample yet"


def told_soon() -> re.Match[str] | None:
    """What PyTorch says within a moment of a worker's death.

    A batch that the worker was handing over breaks off first, with an error of the connection.
    """
    try:
        time.sleep(PATIENCE)
    except RuntimeError as error:
        return DEATH.search(str(error))
    return None


class Noted(Dataset[Sample | SeglabError]):
    """Samples, of which each process notes the one it is about to read.

    A fault is handed on as it is: raised in a process it would arrive wrapped in a traceback.
    """

    def __init__(self, samples: Samples, notes: Tensor) -> None:
        self.samples = samples
        self.notes = notes

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> Sample | SeglabError:
        if worker := get_worker_info():
            self.notes[worker.id] = torch.tensor([os.getpid(), index])
        try:
            return self.samples[index]
        except SeglabError as fault:
            return fault


def collate(samples: Sequence[Sample | SeglabError]) -> Sample | SeglabError:
    """A batch of samples, or the first fault among them."""
    fault = next((each for each in samples if isinstance(each, SeglabError)), None)
    return fault or cast(Sample, default_collate(list(samples)))
