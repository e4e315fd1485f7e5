"""Three saliency maps of a picture, from pixels to cached maps: seglab beside captum.

    PYTHONPATH=src python -m benchmarks.saliency --output saliency.json

captum computes in fp32, one rule after the other, as its users do. Both have the same weights,
patches, batches and last steps (to uint8, merged, stored).
"""

import tempfile
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

from benchmarks.measure import alternate, medians, report
from seglab.data.cache import ArrayCache
from seglab.data.tiles import cut, merge
from seglab.networks.precision import resolve_device, resolve_precision
from seglab.saliency.config import RULES, Precision
from seglab.saliency.maps import preprocess, stream_maps, to_map
from seglab.saliency.settings import Settings
from seglab.saliency.vgg import Vgg16, load_vgg16


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
    precision = resolve_precision(benchmark.precision, device)
    network = load_vgg16(benchmark.weights, precision, device)
    settings = Settings(
        weights=network.label,
        weights_digest=network.digest,
        target="features",
        preprocessing="imagenet",
        patch=224,
        precision=precision,
    )
    image = np.random.default_rng(0).integers(
        0, 256, (224, 224 * benchmark.patches, 3), dtype=np.uint8
    )
    with tempfile.TemporaryDirectory() as folder:
        cache = ArrayCache(Path(folder))
        seconds = alternate(
            {
                "seglab": lambda: by_seglab(network, image, settings, cache),
                "captum": by_captum(load_vgg16(benchmark.weights, "fp32", device), image, cache),
            },
            benchmark.rounds,
        )
    median = medians(seconds)
    report(
        {
            "benchmark": "saliency",
            "what": f"three maps of {benchmark.patches} patches of 224², pixels to cached uint8",
            "precision": precision,
            "seconds": seconds,
            "median": median,
            "seglab/captum": round(median["seglab"] / median["captum"], 4),
        },
        benchmark.output,
    )


def by_seglab(
    network: Vgg16, image: UInt8[np.ndarray, "h w 3"], settings: Settings, cache: ArrayCache
) -> None:
    """All rules over one forward pass."""
    for maps in stream_maps(network, [image], RULES, settings, image.shape[1] // 224):
        for rule, values in maps.items():
            cache.store(f"seglab-{rule}", values)


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
