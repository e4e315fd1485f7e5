"""bf16 may be coarser than fp32, but not wrong."""

import platform
from pathlib import Path

import pytest
import torch

from seglab.networks.build import build
from seglab.networks.names import TITLES
from seglab.networks.precision import autocast, resolve_precision
from seglab.saliency.vgg import load_vgg16
from tests.training.tiny import train

CPU = torch.device("cpu")


def gradients(model, precision):
    """Weight gradients of a freshly made network, in the memory order a training takes."""
    torch.manual_seed(0)
    network = build(model, 3, 3)
    network.to(memory_format=torch.channels_last)
    x = torch.rand(2, 3, 64, 64).to(memory_format=torch.channels_last)
    with autocast(precision, CPU):
        outputs = network.eval()(x)
    outputs.float().square().mean().backward()
    return {name: p.grad for name, p in network.named_parameters() if p.dim() == 4}


@pytest.mark.parametrize("model", [model for model in TITLES if model != "unet"])
def test_gradients_of_dilated_networks_are_those_of_fp32(model):
    exact, coarse = gradients(model, "fp32"), gradients(model, "bf16")
    for name, gradient in exact.items():
        error = (coarse[name] - gradient).norm() / gradient.norm()
        assert error < 0.05, f"{name} is off by {error:.0%}"


@pytest.mark.parametrize("work", [lambda _: load_vgg16("random"), lambda to: train(to, epochs=1)])
def test_gpus_compute_fp32_in_full(work, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    work(tmp_path)
    assert not torch.backends.cudnn.allow_tf32


def test_auto_follows_what_the_processor_says_of_itself():
    flags = Path("/proc/cpuinfo")
    if not flags.exists() or platform.machine() != "x86_64":
        pytest.skip("reads /proc/cpuinfo of Linux on x86")
    words = set(flags.read_text().split())
    fast = {"amx_bf16"} if "GenuineIntel" in words else {"amx_bf16", "avx512_bf16"}
    assert resolve_precision("auto", CPU) == ("bf16" if fast & words else "fp32")
