import math

import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from seglab.networks.unet import UNet, UpConv


@pytest.mark.parametrize(
    ("channels", "parameters"), [(1, 31_030_593), (3, 31_031_745), (4, 31_032_321)]
)
def test_size_is_the_studys(channels, parameters):
    # The study's stored Keras summary gives 31,031,745 for RGB; the others follow from layer one.
    with torch.device("meta"):
        network = UNet(channels)
    assert sum(p.numel() for p in network.parameters()) == parameters


@pytest.mark.parametrize("size", [(16, 16), (32, 48)])
def test_any_size_divisible_by_16_comes_back_at_its_size(size):
    assert UNet(4, width=2)(torch.rand(2, 4, *size)).shape == (2, 1, *size)


def test_other_sizes_are_refused_with_the_size_to_pad_to():
    with pytest.raises(
        ValueError, match="height=30, width=40 must be divisible by 16: pad to 32×48"
    ):
        UNet(3, width=2)(torch.rand(1, 3, 30, 40))


def test_weights_are_he_normal_as_keras_draws_them():
    torch.manual_seed(0)
    network = UNet(3, width=16)
    weight = network.bottleneck[2].weight.detach()
    std = math.sqrt(2 / weight[0].numel())
    assert weight.std().item() == pytest.approx(std, rel=0.01)
    # Truncation at two standard deviations of the untruncated normal.
    assert weight.abs().max().item() <= 2 * std / 0.8796256610342398 + 1e-6
    limit = math.sqrt(6 / (16 + 1))
    assert network.head.weight.abs().max().item() <= limit
    assert all(not p.any() for name, p in network.named_parameters() if name.endswith("bias"))


def test_two_by_two_convolution_sees_right_and_below():
    up = UpConv(1, 1)
    with torch.no_grad():
        up.conv.weight.copy_(torch.tensor([[[[0.0, 1.0], [0.0, 0.0]]]]))
        up.conv.bias.zero_()
        # A kernel that takes the right neighbour shifts the upsampled picture one pixel left and
        # brings in the zero padding at the right.
        out = up(torch.tensor([[[[1.0, 2.0]]]]))
    assert out.tolist() == [[[[1, 2, 2, 0], [1, 2, 2, 0]]]]


def test_transposed_convolution_is_upsampling_then_a_same_convolution():
    torch.manual_seed(0)
    up = UpConv(6, 3).double()
    x = torch.randn(2, 6, 5, 8, dtype=torch.double, requires_grad=True)
    conv = up.conv
    upsampled = F.pad(F.interpolate(x, scale_factor=2, mode="nearest"), (0, 1, 0, 1))
    plain = F.relu(F.conv2d(upsampled, conv.weight, conv.bias))
    weighted = torch.randn_like(plain)
    found, wanted = (
        [y, *torch.autograd.grad((y * weighted).sum(), [x, conv.weight, conv.bias])]
        for y in (up(x), plain)
    )
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other)


def test_skip_of_the_last_level_carries_the_dropout():
    torch.manual_seed(0)
    network = UNet(1, width=2)
    dropped, joined = [], []
    network.dropout.register_forward_hook(lambda _, __, out: dropped.append(out))
    network.decoder[0].register_forward_pre_hook(lambda _, args: joined.append(args[0]))
    network(torch.rand(1, 1, 32, 32))
    assert torch.equal(joined[0][:, :16], dropped[0])
    assert (dropped[0] == 0).float().mean() > 0.4
