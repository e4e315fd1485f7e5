"""Whole pictures through a real, tiny UNet: tiles, batches, precision and modes."""

import numpy as np
import pytest
import torch
from torch import nn

from seglab.errors import CheckpointError
from seglab.evaluation.predict import probabilities, probability_map
from seglab.networks.unet import UNet

CPU = torch.device("cpu")
TILE = 32


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return UNet(channels=4, width=2)


def picture(height, width, channels=4):
    rng = np.random.default_rng(height * width)
    return rng.integers(0, 256, (height, width, channels), dtype=np.uint8)


@pytest.mark.parametrize(("height", "width"), [(32, 32), (45, 70), (64, 33), (1, 1)])
def test_every_tile_is_what_the_network_says_of_it_padded_with_zeros(network, height, width):
    stacked = picture(height, width)
    merged = probability_map(network, stacked, TILE, CPU, "fp32", batch_size=3)
    assert merged.shape == (height, width)
    assert merged.dtype == np.uint8

    network.eval()
    rows, cols = -(-height // TILE), -(-width // TILE)
    padded = np.zeros((rows * TILE, cols * TILE, 4), np.float32)
    padded[:height, :width] = stacked / 255
    for row in range(rows):
        for col in range(cols):
            y, x = row * TILE, col * TILE
            tile = torch.from_numpy(padded[y : y + TILE, x : x + TILE]).permute(2, 0, 1)
            with torch.no_grad():
                p = network(tile[None])[0, 0].sigmoid().numpy()
            inside = merged[y : y + TILE, x : x + TILE]
            expected = 255 * p[: inside.shape[0], : inside.shape[1]]
            assert np.abs(inside - expected).max() <= 0.5 + 1e-3


def test_batches_change_nothing(network):
    stacked = picture(100, 130)
    one = probabilities(network, stacked, TILE, CPU, "fp32", batch_size=1)
    for batch_size in (3, 100):
        other = probabilities(network, stacked, TILE, CPU, "fp32", batch_size)
        np.testing.assert_allclose(other, one, atol=1e-6)


def test_bf16_is_near_fp32_and_ends_in_full_precision(network):
    stacked = picture(64, 64)
    fine = probabilities(network, stacked, TILE, CPU, "fp32", 1)
    coarse = probabilities(network, stacked, TILE, CPU, "bf16", 1)
    assert coarse.dtype == np.float32
    assert 0 < np.abs(coarse - fine).max() < 0.05


class Constant(nn.Module):
    """One logit everywhere."""

    def __init__(self, logit):
        super().__init__()
        self.logit = logit

    def forward(self, x):
        return torch.full_like(x[:, :1], self.logit)


@pytest.mark.parametrize(
    ("logit", "stored"), [(-100, 0), (100, 255), (float("inf"), 255), (0, 128), (1, 186)]
)
def test_probabilities_are_stored_as_255_p_rounded(logit, stored):
    # p(0) = 0.5 → 127.5 → 128 (to even); p(1) = 0.7311 → 186.4 → 186.
    found = probability_map(Constant(logit), picture(5, 7), TILE, CPU, "fp32", 1)
    assert (found == stored).all()


@pytest.mark.parametrize("training", [True, False])
def test_dropout_is_off_and_the_mode_comes_back(network, training):
    network.train(training)
    first, second = (
        probabilities(network, picture(32, 32), TILE, CPU, "fp32", 1) for _ in range(2)
    )
    np.testing.assert_array_equal(first, second)
    assert all(module.training == training for module in network.modules())


def test_nan_is_refused_and_the_mode_comes_back_even_then():
    broken = Constant(float("nan")).train()
    with pytest.raises(CheckpointError, match="NaN"):
        probability_map(broken, picture(5, 7), TILE, CPU, "fp32", 1)
    assert broken.training


def test_a_read_only_picture_is_fine(network):
    stacked = picture(32, 32)
    stacked.setflags(write=False)
    probability_map(network, stacked, TILE, CPU, "fp32", 1)
