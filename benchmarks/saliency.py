"""Three saliency maps of a picture, from pixels to cached maps: seglab beside captum.

    PYTHONPATH=src python -m benchmarks.saliency --output saliency.json

captum computes in fp32, one rule after the other, as its users do. Both have the same weights,
patches, batches and last steps (to uint8, merged, stored).
"""

import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import tyro
from captum.attr import Deconvolution, GuidedBackprop, Saliency
from jaxtyping import Float, UInt8
from torch import Tensor, nn
from torchvision.models import vgg16

from benchmarks.apart import apart
from benchmarks.measure import Row, alternate, medians, report
from seglab.data.cache import ArrayCache
from seglab.data.tiles import cut, merge
from seglab.networks.memory import keep_freed_memory
from seglab.networks.precision import autocast, resolve_device, resolve_precision
from seglab.saliency.config import RULES, Precision, SaliencyConfig
from seglab.saliency.fill import map_precision, resolve_settings
from seglab.saliency.maps import preprocess, stream_maps, to_map
from seglab.saliency.vgg import Vgg16, load_vgg16
from seglab.training.throughput import synchronise

GFLOP = 4 * 30.69
"""10⁹ operations of VGG16's convolutions on a 224² patch, forward and three times back to it."""


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """Seconds for the three maps of one picture, medians of alternating runs."""

    weights: str = "random"
    """VGG16 weights, as for the saliency job; their values do not change the time."""
    patches: int = 4
    """Patches of 224² in the picture, computed as one batch."""
    rounds: int = 3
    """Runs of each contender, after one to warm up."""
    precision: Precision = "auto"
    """seglab's arithmetic; captum's is fp32."""
    output: str = ""
    """JSON file to write; empty prints it."""


def main(benchmark: Benchmark) -> None:
    """Measures and reports."""
    device = resolve_device("auto")
    precision = map_precision(benchmark.precision, device)
    image = np.random.default_rng(0).integers(
        0, 256, (224, 224 * benchmark.patches, 3), dtype=np.uint8
    )
    plain = load_vgg16(benchmark.weights, "fp32", device)
    with (
        tempfile.TemporaryDirectory() as folder,
        apart(by_seglab, benchmark.weights, precision, device, image, Path(folder)) as seglab,
    ):
        cache = ArrayCache(Path(folder))
        seconds = alternate(
            {
                "seglab": seglab,
                "captum, fp32, rule by rule": by_captum(plain, image, cache),
                "one picture at a time": one_by_one(image, plain, cache),
            },
            benchmark.rounds,
        )
    median = medians(seconds)
    what = f"three saliency maps of {benchmark.patches} patches of 224², pixels → cached uint8"
    ours = median["seglab"]
    fastest = resolve_precision("auto", device)
    peak = conv_gflops(device, fastest)
    floor = benchmark.patches * GFLOP / peak
    rows = [
        Row(what=what, ours=ours, unit="s", against=name, theirs=median[name], most=most)
        for name, most in (("captum, fp32, rule by rule", 0.08), ("one picture at a time", None))
    ]
    least = f"floor: 1 forward + 3 backwards at the {fastest} peak of a convolution"
    rows.append(Row(what=what, ours=ours, unit="s", against=least, theirs=floor, most=2))
    details = {"precision": precision, "seconds": seconds, "conv_gflops": round(peak)}
    report("saliency", rows, details, benchmark.output)


def by_seglab(
    weights: str,
    precision: Precision,
    device: torch.device,
    image: UInt8[np.ndarray, "h w 3"],
    folder: Path,
) -> Callable[[], None]:
    """All rules over one forward pass, in a process set up as the saliency job sets up its own."""
    keep_freed_memory()
    network = load_vgg16(weights, precision, device)
    settings = resolve_settings(SaliencyConfig(target="features"), network)
    cache = ArrayCache(folder)

    def run() -> None:
        for maps in stream_maps(network, [image], RULES, settings, image.shape[1] // 224):
            for rule, values in maps.items():
                cache.store(f"seglab-{rule}", values)

    return run


def by_captum(
    network: Vgg16, image: UInt8[np.ndarray, "h w 3"], cache: ArrayCache
) -> Callable[[], None]:
    """One attribution after the other, on torchvision's VGG16 with the weights of ``network``."""
    theirs = vgg16(init_weights=False).eval().to(network.device)
    theirs.load_state_dict(network.state_dict(), strict=False)
    model = ChannelMeans(theirs.features[:-1])
    attributions = {
        "backprop": lambda x, target: Saliency(model).attribute(x, target=target, abs=False),
        "deconv": lambda x, target: Deconvolution(model).attribute(x, target=target),
        "guided": lambda x, target: GuidedBackprop(model).attribute(x, target=target),
    }

    def run() -> None:
        patches = torch.from_numpy(cut(image, 224)).to(network.device)
        x = preprocess(patches, "imagenet").contiguous().requires_grad_()
        with torch.no_grad():
            target = model(x).argmax(1)
        for rule, attribute in attributions.items():
            maps = to_map(attribute(x, target).detach()).cpu().numpy()
            cache.store(f"captum-{rule}", merge(maps, *image.shape[:2]))

    return run


def one_by_one(
    image: UInt8[np.ndarray, "h w 3"], network: Vgg16, cache: ArrayCache
) -> Callable[[], None]:
    """The same, a patch at a time: so does keras-vis, which takes no batches."""
    runs = [
        by_captum(network, image[:, left : left + 224], cache)
        for left in range(0, image.shape[1], 224)
    ]

    def run() -> None:
        for each in runs:
            each()

    return run


def conv_gflops(device: torch.device, precision: str) -> float:
    """10⁹ operations a second of VGG16's convolutions with 256 channels: the best of some."""
    conv = nn.Conv2d(256, 256, 3, padding=1).to(device).to(memory_format=torch.channels_last)
    x = torch.randn(4, 256, 56, 56, device=device).to(memory_format=torch.channels_last)
    best = float("inf")
    with torch.inference_mode(), autocast(precision, device):
        for _ in range(10):
            synchronise(device)
            started = time.perf_counter()
            conv(x)
            synchronise(device)
            best = min(best, time.perf_counter() - started)
    return 2 * 256 * 256 * 9 * x.shape[0] * 56 * 56 / best / 1e9


class ChannelMeans(nn.Module):
    """Mean activation of every channel of the last convolution."""

    def __init__(self, features: nn.Module) -> None:
        super().__init__()
        self.features = features

    def forward(self, x: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b c"]:
        """One mean a channel."""
        means: Tensor = self.features(x).mean((2, 3))
        return means


if __name__ == "__main__":
    warnings.filterwarnings("ignore", message="Setting backward hooks")
    main(tyro.cli(Benchmark))
