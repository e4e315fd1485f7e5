"""Checkpoints that are killed while written, damaged, hostile, of another network or diverged."""

import os
import pickle
import resource
import signal
from pathlib import Path

import numpy as np
import pytest
import torch

from seglab.errors import CheckpointError, SeglabError, TrainingError
from seglab.training import loop
from seglab.training.checkpoint import BEST, LAST, load, load_best, save
from tests.children import die, in_child
from tests.training.tiny import train


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a training of one epoch."""
    folder = tmp_path_factory.mktemp("trained")
    train(folder, epochs=1)
    return folder


@pytest.fixture
def folder(trained: Path, tmp_path: Path) -> Path:
    """A copy of it, to be spoilt."""
    for name in (LAST, BEST):
        (tmp_path / name).write_bytes((trained / name).read_bytes())
    return tmp_path


def test_killed_while_it_is_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = (folder / LAST).read_bytes()

    def killed_at_the_end_of_the_write() -> None:
        monkeypatch.setattr(os, "fsync", lambda _: die())
        train(folder, epochs=2)

    assert in_child(killed_at_the_end_of_the_write) == -signal.SIGKILL
    assert (folder / LAST).read_bytes() == before
    assert len(list(folder.glob(".*.tmp"))) == 1
    history, _ = train(folder, epochs=2)
    assert len(history) == 2
    assert sorted(path.name for path in folder.iterdir()) == [BEST, LAST]


def test_full_disk_while_it_is_written(folder: Path) -> None:
    before = {name: (folder / name).read_bytes() for name in (LAST, BEST)}

    def on_a_full_disk() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before[BEST]) // 2,) * 2)
        with pytest.raises(SeglabError, match=r"\.pt: no room .* bytes free .*free some space"):
            train(folder, epochs=2)

    assert in_child(on_a_full_disk) == 0
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_cut_anywhere_it_is_refused(folder: Path) -> None:
    whole = (folder / BEST).read_bytes()
    for length in np.linspace(0, len(whole) - 1, 30).astype(int):
        (folder / BEST).write_bytes(whole[:length])
        with pytest.raises(CheckpointError, match=r"best\.pt is damaged or no checkpoint"):
            load_best(folder / BEST)


def test_one_flipped_bit_changes_no_weight_in_silence(folder: Path) -> None:
    whole = (folder / BEST).read_bytes()
    right = load(folder / BEST)["model"]
    refused = 0
    for place in np.random.default_rng(0).integers(len(whole), size=100):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << int(place % 8)
        (folder / BEST).write_bytes(damaged)
        try:
            weights = load_best(folder / BEST).network.state_dict()
        except CheckpointError as fault:
            assert str(fault).startswith(str(folder / BEST))
            refused += 1
        else:  # a byte of padding
            assert all(torch.equal(weights[name], value) for name, value in right.items())
    assert refused > 80


class Hostile:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch was-run",)


@pytest.mark.parametrize("way", ["torch", "pickle"])
def test_code_in_it_is_not_run(folder: Path, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    content = {"format": 2, "model": Hostile()}
    if way == "torch":
        torch.save(content, folder / BEST)
    else:
        (folder / BEST).write_bytes(pickle.dumps(content))
    said = "could run code" if way == "torch" else "is damaged or no checkpoint"
    with pytest.raises(CheckpointError, match=rf"best\.pt .*{said}"):
        load_best(folder / BEST)
    assert not (folder / "was-run").exists()


def test_of_another_network_the_fields_are_listed(folder: Path) -> None:
    before = (folder / LAST).read_bytes()
    with pytest.raises(CheckpointError) as caught:
        train(folder, epochs=2, width=4)
    assert "last.pt is of another network: width is 2, not 4." in str(caught.value)
    with pytest.raises(CheckpointError) as caught:
        train(folder, epochs=2, model="can", width=0, depth=5)
    for field in ("model is unet, not can", "width is 2, not 0", "depth is 7, not 5"):
        assert field in str(caught.value)
    assert (folder / LAST).read_bytes() == before


def test_of_another_version_what_does_not_fit_is_listed(folder: Path) -> None:
    content = load(folder / BEST)
    name = next(name for name in content["model"] if name.endswith("weight"))
    content["model"]["stray"] = content["model"].pop(name)
    save(folder / BEST, content)
    with pytest.raises(CheckpointError, match="another version") as caught:
        load_best(folder / BEST)
    assert f"- {name} has the shape none, not (" in str(caught.value)
    assert "- stray has the shape (" in str(caught.value)
    save(folder / BEST, {"model": {}, "epoch": 1})
    with pytest.raises(CheckpointError, match="lacks its weights or what they were trained from"):
        load_best(folder / BEST)


def test_weights_that_are_not_finite_never_replace_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (folder / LAST).read_bytes()
    train_step = loop.train_step

    def with_a_slope_that_is_not_finite(network, *rest):  # type: ignore[no-untyped-def]
        loss = train_step(network, *rest)
        next(network.parameters()).data[0] = torch.nan
        return loss

    monkeypatch.setattr(loop, "train_step", with_a_slope_that_is_not_finite)
    monkeypatch.setattr(loop, "SAVE_SECONDS", 0)
    with pytest.raises(
        TrainingError, match=r"weights became NaN .* by step 1 of epoch 2; the last"
    ):
        train(folder, epochs=2)
    assert (folder / LAST).read_bytes() == before


def test_a_validation_loss_that_is_not_finite_stops_the_training(folder: Path) -> None:
    before = {name: (folder / name).read_bytes() for name in (LAST, BEST)}
    said = (
        r"loss became nan at the validation of epoch 2, on .*tile_1_0_0.*good checkpoint is .*last"
    )
    with pytest.raises(TrainingError, match=said):
        train(folder, epochs=2, val_poison=1)
    assert {name: (folder / name).read_bytes() for name in (LAST, BEST)} == before


def test_without_a_checkpoint_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"of epoch 1, on .*; there is no checkpoint yet\."):
        train(tmp_path, epochs=1, poison=3)
