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

from benchmarks.measure import alternate, medians, report
from seglab.data.check import read_pairs
from seglab.data.config import PrepareConfig
from seglab.data.decode import read_image, read_mask
from seglab.data.inputs import parse_inputs
from seglab.data.pairs import Pair
from seglab.data.prepare import prepare
from seglab.data.tileset import TileSet

PAIRS = 40


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """Seconds of the check of 40 pairs of 500×333, and of one 512² RGB sample."""

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
        tiles = TileSet(pictures, names, parse_inputs("rgb"), 512)

        def decoded() -> torch.Tensor:
            """What a data set of PNG files does for a sample."""
            read_mask(pair.mask)
            return torch.from_numpy(read_image(pair.image)).permute(2, 0, 1).contiguous()

        seconds = alternate(
            {
                "check of 40 pairs": lambda: list(read_pairs([pair] * PAIRS)),
                "sample": lambda: tiles[0],
                "PNG decoded": decoded,
            },
            benchmark.rounds,
        )
    median = medians(seconds)
    report(
        {
            "benchmark": "pictures",
            "what": "500×333 pictures as PNG; sample: a 512² tile of the memory map",
            "median": median,
            "check of 1000 pairs, seconds": round(median["check of 40 pairs"] * 1000 / PAIRS, 2),
            "sample/PNG decoded": round(median["sample"] / median["PNG decoded"], 4),
        },
        benchmark.output,
    )


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
