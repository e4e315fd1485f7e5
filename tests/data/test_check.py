import threading
from pathlib import Path

import numpy as np
import pytest

from seglab.data import check
from seglab.data.check import Read, read_pairs
from seglab.data.files import digest_array
from seglab.data.pairs import Pair
from seglab.data.truth import Truth
from tests.data.folders import write_pair


def pair(root: Path, name: str, **options: object) -> Pair:
    image, mask = root / f"{name}.png", root / f"{name}_mask.png"
    write_pair(image, mask, **options)
    return Pair(name, image, mask)


def test_pairs_come_in_order_with_pixels_and_digests(tmp_path: Path) -> None:
    pairs = [pair(tmp_path, f"p{seed}", seed=seed) for seed in range(20)]
    for seed, read in enumerate(read_pairs(pairs)):
        pixels, truth = write_pair(tmp_path / "again.png", tmp_path / "mask.png", seed=seed)
        assert isinstance(read, Read)
        assert read.name == f"p{seed}"
        np.testing.assert_array_equal(read.image, pixels)
        np.testing.assert_array_equal(read.truth.pixels, truth)
        assert read.image_digest == digest_array(pixels)
        assert read.truth.size == truth.shape


def test_all_faults_of_a_pair_are_told(tmp_path: Path) -> None:
    both, sizes, fine = (pair(tmp_path, name) for name in ("both", "sizes", "fine"))
    both.image.write_bytes(both.image.read_bytes()[:99])
    both.truth.write_bytes(both.image.read_bytes()[:99])
    write_pair(tmp_path / "other.png", sizes.truth, (24, 33))
    faults = list(read_pairs([both, sizes, fine]))
    assert isinstance(faults[0], list)
    assert [fault.split()[0] for fault in faults[0]] == [str(both.image), str(both.truth)]
    assert faults[1] == [f"{sizes.image} has 24×32 pixels, but {sizes.truth} has 24×33"]
    assert isinstance(faults[2], Read)


def test_no_more_than_the_processors_is_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = [pair(tmp_path, f"p{seed}") for seed in range(12)]
    monkeypatch.setattr("os.sched_getaffinity", lambda _: range(3))
    held, most, lock = 0, 0, threading.Lock()

    def counted(each: Pair) -> Read | list[str]:
        nonlocal held, most
        with lock:
            held += 1
            most = max(most, held)
        return check.Read(
            each.name, np.zeros((1, 1, 3), np.uint8), Truth(np.zeros((1, 1), np.uint8)), ""
        )

    monkeypatch.setattr(check, "read_pair", counted)
    for _ in read_pairs(pairs):
        with lock:
            held -= 1
    assert most <= 4
