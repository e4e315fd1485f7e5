"""Small data sets on disk, as users and authors lay them out."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from PIL import Image


def write_pair(
    image: Path, mask: Path, shape: tuple[int, int] = (24, 32), seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Writes an image of noise and a mask of 0 and 255; returns their pixels, the mask as 0/1."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (*shape, 3), np.uint8)
    truth = rng.integers(0, 2, shape, np.uint8)
    for path, array in ((image, pixels), (mask, truth * np.uint8(255))):
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(array).save(path)
    return pixels, truth


def make_folder(root: Path, names: Iterable[str], masks: str = "masks") -> dict[str, np.ndarray]:
    """images/ and masks/ with a pair of PNG files for each name; returns the images' pixels."""
    return {
        name: write_pair(
            root / "images" / f"{name}.png", root / masks / f"{name}.png", (20 + seed, 30), seed
        )[0]
        for seed, name in enumerate(names)
    }


def write_lists(root: Path, lists: Mapping[str, Iterable[str]]) -> None:
    """train.txt, val.txt, test.txt (or whatever the keys say), one name a line."""
    for part, names in lists.items():
        (root / f"{part}.txt").write_text("".join(f"{name}\n" for name in names))
