import copy

import pytest
import torch
from torch import nn

from seglab.networks.build import build
from seglab.networks.can import CAN, CANUNet
from seglab.networks.names import TITLES, WIDTHS
from seglab.networks.norm import AdaptiveNorm, mixes_batch, norm_scalars


def convolutions(network):
    return [module for module in network.modules() if isinstance(module, nn.Conv2d)]


def parameters(network):
    return sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize(
    ("depth", "dilations"),
    [(4, [1, 2, 1, 1]), (5, [1, 2, 4, 1, 1]), (7, [1, 2, 4, 8, 16, 1, 1])],
)
def test_layers_are_those_of_the_studys_table(depth, dilations):
    layers = convolutions(CAN(3, 3, depth=depth))
    assert [conv.dilation[0] for conv in layers] == dilations
    assert [conv.kernel_size[0] for conv in layers] == [3] * (depth - 1) + [1]
    assert [conv.out_channels for conv in layers] == [24] * (depth - 1) + [3]
    assert all(conv.bias is not None for conv in layers)


def test_size_of_the_studys_final_network():
    # 6 layers of 24 3×3 kernels and one of 1×1, and 7 norms of 2 scalars and 2 values a channel.
    convs = (3 * 9 + 1) * 24 + 5 * (24 * 9 + 1) * 24 + (24 + 1) * 3
    norms = 7 * 2 + 2 * (6 * 24 + 3)
    assert parameters(CAN(3, 3)) == convs + norms == 27_095


def test_fewer_than_four_layers_are_refused():
    with pytest.raises(ValueError, match="depth=3"):
        CAN(3, 3, depth=3)


def test_chens_network_has_nine_layers_and_starts_as_the_identity():
    network = CAN(3, 3, depth=9, chen=True)
    layers = convolutions(network)
    assert [conv.dilation[0] for conv in layers] == [1, 2, 4, 8, 16, 32, 64, 1, 1]
    assert [conv.bias is None for conv in layers] == [True] * 8 + [False]
    assert isinstance(network.head, nn.Conv2d)  # linear: neither norm nor rectifier after it
    x = torch.rand(2, 3, 20, 30)
    seen = network.body(x)
    torch.testing.assert_close(seen[:, :3], x)
    assert seen[:, 3:].abs().max() == 0


@pytest.mark.parametrize("depth", [4, 7])
def test_an_output_pixel_sees_just_the_stated_square(depth):
    network = CAN(1, 1, width=4, depth=depth).eval()
    side = 2 ** (depth - 1) + 11
    x = torch.rand(1, 1, side, side, requires_grad=True)
    network(x)[0, 0, side // 2, side // 2].backward()
    assert int((x.grad[0, 0].abs().sum(0) > 0).sum()) == 1 + 2 ** (depth - 1)


@pytest.mark.parametrize("model", ["can", "can_unet"])
@pytest.mark.parametrize("size", [(1, 1), (5, 17), (32, 48)])
def test_any_size_comes_back_at_its_size(model, size):
    network = build(model, 4, 3, width=5, depth=5).eval()
    assert network(torch.rand(2, 4, *size)).shape == (2, 3, *size)


def test_can_unet_uses_what_it_sees_at_half_size():
    network = CANUNet(3, 3, width=4, depth=4).eval()
    x = torch.rand(1, 3, 16, 16)
    before = network(x)
    nn.init.zeros_(network.lower[1][0].weight)
    assert not torch.allclose(network(x), before)


@pytest.mark.parametrize("model", list(TITLES))
def test_width_zero_is_the_models_own(model):
    with torch.device("meta"):
        assert parameters(build(model, 3, 1)) == parameters(build(model, 3, 1, WIDTHS[model]))


def test_adaptive_norm_starts_as_the_identity_and_mixes_as_stated():
    x = 3 + 2 * torch.randn(4, 5, 6, 6)
    norm = AdaptiveNorm(5)
    torch.testing.assert_close(norm(x), x)
    with torch.no_grad():
        norm.a.fill_(0.5)
        norm.b.fill_(2.0)
    mean, variance = x.mean((0, 2, 3), keepdim=True), x.var((0, 2, 3), keepdim=True, correction=0)
    expected = 0.5 * x + 2 * (x - mean) / torch.sqrt(variance + 1e-5)
    torch.testing.assert_close(norm(x), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("norm", "mixes"), [("adaptive", False), ("adaptive_original", True)])
def test_only_the_original_norm_mixes_pictures_of_a_batch(norm, mixes):
    network = build("can", 3, 1, norm=norm).eval()
    for layer in network.modules():
        if isinstance(layer, AdaptiveNorm):
            torch.nn.init.ones_(layer.b)  # at first, norms leave out what mixes
    dark, bright = torch.rand(1, 3, 32, 32), 9 * torch.rand(1, 3, 32, 32)
    alone, beside = network(dark), network(torch.cat([dark, bright]))[:1]
    assert mixes_batch(network) == mixes == (not torch.allclose(alone, beside, rtol=1e-3))


GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=GPU)])
@pytest.mark.parametrize("original", [False, True])
@pytest.mark.parametrize(
    ("dtype", "near"), [(torch.float64, 1e-9), (torch.float32, 1e-3), (torch.bfloat16, 2e-2)]
)
def test_gradients_and_statistics_are_those_of_the_formula_as_written(
    device, original, dtype, near
):
    torch.manual_seed(0)
    norm = AdaptiveNorm(24, original).to(device)
    if dtype == torch.float64:
        norm.double()
    with torch.no_grad():
        norm.a.fill_(0.7)
        norm.b.fill_(0.4)
        norm.bn.weight.uniform_(0.5, 2)
        norm.bn.bias.uniform_(-1, 1)
    plain = copy.deepcopy(norm)
    x = (3 + 2 * torch.randn(4, 24, 9, 14, device=device)).to(dtype)
    x = x.to(memory_format=torch.channels_last).requires_grad_()
    weighted = torch.randn_like(x)
    found, wanted = (
        [y, *torch.autograd.grad(y, [x, *of.parameters()], weighted), *of.buffers()]
        for of, y in [(norm, norm(x)), (plain, plain.a * x + plain.b * plain.bn(x))]
    )
    for one, other in zip(found, wanted, strict=True):
        assert one.dtype == other.dtype
        assert (one.double() - other.double()).norm() <= near * other.double().norm()


@pytest.mark.parametrize("mean", [0, 1, 10])
def test_no_channel_of_a_bf16_gradient_is_off_as_a_whole(mean):
    torch.manual_seed(0)
    norm = AdaptiveNorm(24)
    nn.init.constant_(norm.a, 0.1)
    nn.init.ones_(norm.b)
    exact = copy.deepcopy(norm).double()
    x = (mean + torch.randn(8, 24, 64, 64)).bfloat16().to(memory_format=torch.channels_last)
    weighted = torch.randn_like(x)
    sums = []
    for of, each in ((norm, x), (exact, x.double())):
        each = each.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(of(each), each, weighted.to(each.dtype))
        sums.append(gradient.double().sum((0, 2, 3)))
    assert (sums[0] - sums[1]).abs().max() < 0.1 * sums[1].abs().max()


def test_in_evaluation_it_is_the_formula_too():
    torch.manual_seed(0)
    norm = AdaptiveNorm(3)
    nn.init.constant_(norm.b, 0.4)
    norm(5 + torch.randn(8, 3, 5, 5))
    norm.eval()
    x = torch.randn(2, 3, 5, 5)
    torch.testing.assert_close(norm(x), norm.a * x + norm.b * norm.bn(x))


@pytest.mark.parametrize(("original", "same"), [(False, True), (True, False)])
def test_in_evaluation_a_picture_does_not_depend_on_its_batch_unless_original(original, same):
    norm = AdaptiveNorm(3, original)
    nn.init.ones_(norm.b)
    norm(torch.randn(8, 3, 5, 5))
    norm.eval()
    one, other = torch.randn(2, 1, 3, 5, 5)
    together = norm(torch.cat([one, 10 * other]))[:1]
    assert torch.allclose(norm(one), together, atol=1e-5) is same


def test_running_statistics_move_by_a_tenth_and_the_original_epsilon_is_a_tenth():
    norm = AdaptiveNorm(1)
    norm(torch.full((1, 1, 2, 2), 5.0))
    assert norm.bn.running_mean.item() == pytest.approx(0.5)
    assert (norm.bn.eps, AdaptiveNorm(1, original=True).bn.eps) == (1e-5, 0.1)


def test_scalars_of_each_layer_in_their_order():
    network = CAN(3, 3, width=2, depth=4)
    with torch.no_grad():
        network.head[1].a.fill_(7)
    scalars = norm_scalars(network)
    assert list(scalars) == [f"norm/0{layer}_{name}" for layer in (1, 2, 3, 4) for name in "ab"]
    assert (scalars["norm/04_a"], scalars["norm/01_b"]) == (7, 0)
    assert norm_scalars(build("unet", 3, 1, width=2)) == {}
