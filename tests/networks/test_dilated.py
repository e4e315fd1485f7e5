"""Dilated convolutions by way of plain ones are PyTorch's own."""

import pytest
import torch
from torch import nn

from seglab.networks.dilated import DilatedConv2d, every, together


def test_every_offset_is_a_picture_of_its_own():
    x = torch.arange(16).reshape(1, 1, 4, 4)
    assert every(x, 2)[:, 0].tolist() == [
        [[0, 2], [8, 10]],
        [[1, 3], [9, 11]],
        [[4, 6], [12, 14]],
        [[5, 7], [13, 15]],
    ]
    assert torch.equal(together(every(x, 2), 2), x)


@pytest.mark.parametrize("dilation", [1, 2, 8, 16])
@pytest.mark.parametrize("size", [(32, 48), (13, 9)], ids=str)
def test_outputs_and_gradients_are_those_of_torch(dilation, size):
    torch.manual_seed(0)
    ours = DilatedConv2d(3, 5, dilation, bias=True)
    theirs = nn.Conv2d(3, 5, 3, padding=dilation, dilation=dilation)
    theirs.load_state_dict(ours.state_dict())
    x, weights = torch.rand(2, 3, *size), torch.rand(2, 5, *size)
    found = []
    for conv in (ours, theirs):
        pixels = x.clone().requires_grad_()
        outputs = conv(pixels)
        (outputs * weights).sum().backward()
        found.append([outputs.detach(), pixels.grad, conv.weight.grad, conv.bias.grad])
    for mine, exact in zip(*found, strict=True):
        torch.testing.assert_close(mine, exact, rtol=1e-4, atol=1e-4)
