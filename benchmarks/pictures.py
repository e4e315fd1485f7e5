"""Reading pictures: the check before training, and a training sample beside PNG decoding.

PYTHONPATH=src python -m benchmarks.pictures --output pictures.json
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import tyro
from PIL import Image
from torchvision.transforms.functional import to_tensor

from benchmarks.measure import Row, alternate, medians, report
from seglab.data.check import read_pairs
from seglab.data.config import PrepareConfig
from seglab.data.inputs import parse_inputs
from seglab.data.pairs import Pair
from seglab.data.prepare import prepare
from seglab.data.tileset import TileSet

PAIRS = 40


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """Seconds of the check of 40 pairs of 500×333, and of one 512² sample with saliency."""

    rounds: int = 10
    """Runs of each contender, after one to warm up."""
    output: str = ""
    """JSON file to write; empty prints it."""


def main(benchmark: Benchmark) -> None:
    """Measures and reports."""
    with tempfile.TemporaryDirectory() as name:
        source = draw(Path(name) / "source")
        pair = Pair("0", source / "images" / "0.png", source / "masks" / "0.png")
        pictures = prepare(
            PrepareConfig(dataset="folder", data_dir=f"{name}/data", source=str(source))
        )
        names = [picture.name for picture in pictures.pictures]
        drawn = np.zeros((333, 500), np.uint8)
        tiles = TileSet(pictures, names, parse_inputs("rgb+guided"), 512, lambda name: drawn)

        def decoded() -> torch.Tensor:
            """What a data set of PNG files does for a sample: picture, mask and saliency map."""
            with Image.open(pair.image) as image, Image.open(pair.truth) as mask:
                planes = [to_tensor(image.convert(mode)) for mode in ("RGB", "L")]
                return torch.cat([*planes, to_tensor(mask.convert("L"))])

        seconds = alternate(
            {
                "check of 40 pairs": lambda: list(read_pairs([pair] * PAIRS)),
                "sample": lambda: tiles[0],
                "PNG decoded": decoded,
            },
            benchmark.rounds,
        )
    median = medians(seconds)
    what = "sample → tensor: a 512² tile with saliency, from the memory maps"
    sample = median["sample"] * 1000
    rows = [
        Row(what=what, ours=sample, unit="ms", most=1.2),
        Row(
            what=what,
            ours=sample,
            unit="ms",
            against="PNG decode + torchvision transforms",
            theirs=median["PNG decoded"] * 1000,
        ),
        Row(
            what="check of 1000 pairs of 500×333 PNG files before training",
            ours=median["check of 40 pairs"] * 1000 / PAIRS,
            unit="s",
        ),
    ]
    report("pictures", rows, {"median": median}, benchmark.output)


def draw(source: Path) -> Path:
    """A folder of smooth pictures and masks, which compress as photographs do."""
    smooth = np.add.outer(np.arange(333), np.arange(500))[..., None] / 4 + np.array([0, 20, 40])
    for folder in ("images", "masks"):
        (source / folder).mkdir(parents=True)
    for index in range(8):
        pixels = np.random.default_rng(index).normal(smooth, 6).clip(0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(source / "images" / f"{index}.png")
        Image.fromarray(smooth[..., 0] > 100).save(source / "masks" / f"{index}.png")
    return source


if __name__ == "__main__":
    main(tyro.cli(Benchmark))
