import math
import os
import signal
from pathlib import Path

import numpy as np
import pytest
import torch

from seglab.errors import CheckpointError, TrainingError
from seglab.training import loop
from seglab.training.checkpoint import BEST, LAST, load, load_best
from seglab.training.folding import fold
from seglab.training.metrics import tile_scores
from seglab.training.randomness import visiting_order
from tests.preloaded import Program
from tests.training.tiny import digest, train

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)  # as the programs that are killed: sums are added in the same order
    yield
    torch.set_num_threads(before)


def program(folder, workers, *fate):
    """Exit code and errors of a training in a process of its own."""
    words = [str(word) for word in (folder, workers, *fate)]
    process = Program("tests.training.tiny", words, ROOT, os.environ)
    _, errors = process.communicate()
    return process.returncode, errors


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    code, errors = program(folder, 0)
    assert code == 0, errors
    return digest(folder)


def test_training_killed_with_loader_workers_goes_on_bit_for_bit(tmp_path, uninterrupted):
    # Without workers: tests/jobs/test_resume.py, through MLflow.
    killed, _ = program(tmp_path, 2, "die", 2, 3)
    assert killed == -signal.SIGKILL
    assert load(tmp_path / LAST)["progress"]["epoch"] == 1
    assert digest(tmp_path) != uninterrupted
    resumed, errors = program(tmp_path, 2)
    assert resumed == 0, errors
    assert digest(tmp_path) == uninterrupted


def test_sigterm_leaves_a_checkpoint_of_the_very_step(tmp_path, uninterrupted):
    stopped, _ = program(tmp_path, 0, "stop", 2, 3)
    assert stopped == -signal.SIGTERM
    progress = load(tmp_path / LAST)["progress"]
    assert (progress["epoch"], progress["step"]) == (1, 3)
    resumed, errors = program(tmp_path, 0)
    assert resumed == 0, errors
    assert digest(tmp_path) == uninterrupted


def test_network_learns_and_best_checkpoint_has_the_lowest_validation_loss(tmp_path):
    history, recorder = train(tmp_path, epochs=16, width=8)
    losses = [row["val/loss"] for row in history]
    assert losses[-1] < losses[0] / 2
    assert history[-1]["val/iou"] > 0.8
    best = load_best(tmp_path / BEST)
    assert best.epoch == 1 + int(np.argmin(losses))
    assert recorder.rows == list(enumerate(history, start=1))
    assert {step for step, _, _ in recorder.images} == {1, 5, 10, 15, 16}
    first = sorted(key for step, key, _ in recorder.images if step == 1)
    assert first == sorted(key for step, key, _ in recorder.images if step == 16)
    assert recorder.images[0][2].shape == (32, 96, 3)
    assert recorder.images[0][2].dtype == np.uint8


def test_epoch_metrics_are_means_over_tiles_also_with_a_short_last_batch(tmp_path):
    _, recorder = train(tmp_path, epochs=1, batch_size=4, learning_rate=1e-12)
    whole = recorder.rows[0][1]["val/loss"]
    _, recorder = train(tmp_path / "other", epochs=1, batch_size=3, learning_rate=1e-12)
    assert recorder.rows[0][1]["val/loss"] == pytest.approx(whole, rel=1e-6)


def test_loss_that_is_not_finite_names_step_and_tiles_and_keeps_the_checkpoint(tmp_path):
    train(tmp_path, epochs=1)
    good = (tmp_path / LAST).read_bytes()
    with pytest.raises(TrainingError, match=r"loss became nan at step \d of epoch 2, on .*tile_3_"):
        train(tmp_path, poison=3)
    assert (tmp_path / LAST).read_bytes() == good


def test_same_seed_same_bits_other_seed_others(tmp_path):
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        train(tmp_path / name, epochs=1, seed=seed)
    assert digest(tmp_path / "a") == digest(tmp_path / "b") != digest(tmp_path / "c")


def test_finished_training_has_nothing_left_to_do(tmp_path):
    history, _ = train(tmp_path, epochs=1)
    again, recorder = train(tmp_path, epochs=1)
    assert again == history
    assert recorder.rows == []


def test_order_visits_every_tile_once_and_changes_with_the_epoch():
    orders = [visiting_order(50, seed=0, epoch=epoch).tolist() for epoch in range(3)]
    assert all(sorted(order) == list(range(50)) for order in orders)
    assert len({tuple(order) for order in orders}) == 3
    assert fold(0, 1) != fold(1, 0)


def test_tile_scores_of_known_masks():
    logits = torch.full((3, 1, 2, 4), -1.0)
    target = torch.zeros(3, 1, 2, 4)
    logits[0, 0, 0], target[0, 0, :, 0] = 1.0, 1.0  # 4 predicted, 2 true, 1 shared
    target[1, 0, 0, 0] = 1.0  # nothing predicted; the third tile is empty on both sides
    iou, dice = tile_scores(logits, target)
    assert iou.tolist() == pytest.approx([1 / 5, 0, 1])
    assert dice.tolist() == pytest.approx([1 / 3, 0, 1])


def test_damaged_and_foreign_checkpoints_are_refused(tmp_path):
    train(tmp_path, epochs=1)
    whole = (tmp_path / LAST).read_bytes()
    (tmp_path / "cut.pt").write_bytes(whole[: len(whole) // 2])
    torch.save({"format": 2, "code": loop.Progress()}, tmp_path / "code.pt")
    torch.save([1, 2], tmp_path / "list.pt")
    for name, words in (
        ("cut.pt", "damaged"),
        ("code.pt", "could run code"),
        ("list.pt", "format 2"),
        ("none.pt", "no checkpoint at"),
    ):
        with pytest.raises(CheckpointError, match=words):
            load(tmp_path / name)


def test_checkpoint_is_small_print_included(tmp_path):
    history, _ = train(tmp_path, epochs=1)
    content = load(tmp_path / LAST)
    assert set(content) == {"format", "model", "optimizer", "progress", "about"}
    assert math.isclose(content["progress"]["best_loss"], history[0]["val/loss"])
