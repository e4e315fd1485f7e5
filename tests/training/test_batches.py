"""How batches are shared out; numbers counted by hand."""

import pytest
import torch
from tiny import train

from seglab.training.batches import shares
from seglab.training.checkpoint import LAST, load
from seglab.training.config import TrainConfig
from seglab.training.group import ALONE, Group


def test_one_process_takes_the_batch_whole():
    (share,) = shares([4, 2, 7], 1, ALONE)
    assert (share.number, share.indices, share.weight) == (0, [4, 2, 7], 1)


def test_processes_and_parts_cover_a_batch_once():
    first, second = (shares([4, 2, 7, 1, 9], 2, Group(rank, 2)) for rank in range(2))
    assert [(s.number, s.indices, s.weight) for s in first] == [(0, [4, 2], 0.4), (2, [1], 0.2)]
    assert [(s.number, s.indices, s.weight) for s in second] == [(1, [7], 0.2), (3, [9], 0.2)]


def test_a_process_without_samples_steps_along_with_weight_nought():
    own = shares([4], 1, Group(1, 2))
    assert [(s.indices, s.weight) for s in own] == [([4], 0)]


def test_a_batch_in_parts_is_the_same_step(tmp_path):
    # The CAN at first takes no notice of batch statistics (b = 0), and has no dropout.
    model = {"model": "can", "depth": 4, "batch_size": 5, "epochs": 1, "learning_rate": 1e-3}
    whole, _ = train(tmp_path / "whole", **model)
    parts, _ = train(tmp_path / "parts", **model, accumulation=3)
    assert parts[0]["train/iou"] == pytest.approx(whole[0]["train/iou"], abs=1e-3)
    weights = [load(tmp_path / name / LAST)["model"] for name in ("whole", "parts")]
    for name, value in weights[0].items():
        if not name.endswith(("running_mean", "running_var", "num_batches_tracked")):
            torch.testing.assert_close(value, weights[1][name], rtol=0.05, atol=2e-3)


def test_more_parts_than_samples_are_refused():
    with pytest.raises(ValueError, match=r"--accumulation=3 is more parts than --batch_size=2"):
        TrainConfig(batch_size=2, accumulation=3)
