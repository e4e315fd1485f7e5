"""Losses and scores against sums done by hand."""

import math

import pytest
import torch

from seglab.training.config import TrainConfig
from seglab.training.losses import anisotropic, isotropic, squared
from seglab.training.metrics import psnr
from seglab.training.tasks import Mask, Painting, task_of

# Two rows of three values in one channel: steps right 1, 2 and 0, 4; steps down 3, 2, 4.
PICTURE = torch.tensor([[[[0.0, 1.0, 3.0], [3.0, 3.0, 7.0]]]])


def test_total_variations_of_a_known_picture():
    assert anisotropic(PICTURE).item() == pytest.approx((1 + 2 + 0 + 4 + 3 + 2 + 4) / 6)
    assert squared(PICTURE).item() == pytest.approx((1 + 4 + 0 + 16 + 9 + 4 + 16) / 6)
    roots = math.sqrt(9 + 1) + math.sqrt(4 + 4) + math.sqrt(16) + math.sqrt(0) + math.sqrt(16)
    assert isotropic(PICTURE).item() == pytest.approx(roots / 6, rel=1e-6)


def test_the_weight_of_the_original_sum_converts_as_stated():
    torch.manual_seed(0)
    x = torch.rand(5, 3, 8, 6)
    alpha = 1e-3
    original = alpha / (len(x) * 3) * sum(x.diff(dim=axis).abs().sum() for axis in (2, 3))
    assert (alpha * 8 * 6 * anisotropic(x)).item() == pytest.approx(original.item(), rel=1e-6)


@pytest.mark.parametrize("form", [anisotropic, isotropic, squared])
def test_total_variation_does_not_depend_on_batch_or_channels_and_has_a_finite_slope(form):
    torch.manual_seed(0)
    x = torch.rand(1, 1, 7, 5)
    assert form(x.repeat(4, 3, 1, 1)).item() == pytest.approx(form(x).item(), rel=1e-6)
    flat = torch.zeros(1, 3, 4, 4, requires_grad=True)
    form(flat).backward()
    assert flat.grad.isfinite().all()


def test_painting_learns_mse_and_tv_and_validates_mse():
    target = torch.zeros_like(PICTURE)
    mse = (1 + 9 + 9 + 9 + 49) / 6
    task = Painting(tv_weight=0.5, tv="anisotropic")
    assert task.loss(PICTURE, target).item() == pytest.approx(mse + 0.5 * 16 / 6)
    assert task.validation_loss(PICTURE, target).item() == pytest.approx(mse)
    assert task.target(torch.tensor([255, 51], dtype=torch.uint8)).tolist() == pytest.approx(
        [1, 0.2]
    )
    assert task.shown(torch.tensor([-1.0, 0.5, 2.0])).tolist() == [0, 0.5, 1]


def test_psnr_of_a_known_error_and_of_none():
    target = torch.zeros(2, 3, 4, 4)
    painted = torch.stack([torch.full((3, 4, 4), 0.1), torch.zeros(3, 4, 4)])
    assert psnr(painted, target).tolist() == pytest.approx([20, 100])


def test_task_follows_from_the_data_set_and_can_be_named():
    assert isinstance(task_of(TrainConfig(dataset="icoseg")), Mask)
    named = task_of(TrainConfig(task="superpixels", tv_weight=2.0, tv="squared"))
    assert (
        named
        == Painting(2.0, "squared")
        == task_of(TrainConfig(dataset="coco", tv_weight=2.0, tv="squared"))
    )
    assert isinstance(task_of(TrainConfig(dataset="bsds500", task="mask")), Mask)
