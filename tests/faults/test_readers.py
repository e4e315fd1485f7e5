"""A process that reads samples beside the training dies, or meets a fault."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from seglab.errors import CacheError, TrainingError
from seglab.training.checkpoint import LAST
from tests.training.tiny import Tiles, train

READ = Tiles.__getitem__


# At a reader's death torch raises wherever the main thread is, and be it between the opening of a
# file and its owner.
@pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <_io.FileIO:pytest.PytestUnraisableExceptionWarning"
)
@pytest.mark.parametrize(
    "death",
    [lambda: os._exit(3), lambda: os.kill(os.getpid(), signal.SIGKILL)],
    ids=["exit", "SIGKILL"],
)
def test_the_sample_it_died_on_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, death: Callable[[], None]
) -> None:
    train(tmp_path, epochs=1)
    before = (tmp_path / LAST).read_bytes()
    parent = os.getpid()

    def read(self: Tiles, index: int) -> object:
        if index == 7 and self.offset == 0 and os.getpid() != parent:
            death()
        return READ(self, index)

    monkeypatch.setattr(Tiles, "__getitem__", read)
    with pytest.raises(TrainingError) as caught:
        train(tmp_path, workers=2)
    assert " on tile_7_0_0; look at what was read" in str(caught.value)
    assert "lower --workers=2" in str(caught.value)
    assert (tmp_path / LAST).read_bytes() == before


def test_a_fault_it_meets_is_told_without_a_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(self: Tiles, index: int) -> object:
        if index == 7:
            raise CacheError("the map of tile_7 is gone; run the saliency job again")
        return READ(self, index)

    monkeypatch.setattr(Tiles, "__getitem__", read)
    with pytest.raises(CacheError) as caught:
        train(tmp_path, workers=2, epochs=1)
    assert str(caught.value) == "the map of tile_7 is gone; run the saliency job again"
