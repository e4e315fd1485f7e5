"""Small pictures and masks of every kind that is read, to be damaged."""

import io
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from PIL import Image

from seglab.data.decode import FORMATS

SIDES = (33, 48)
"""Height and width: small, so that damage meets headers often; neither divides the other."""


class Whole(NamedTuple):
    """A file before it is damaged."""

    kind: str
    suffix: str
    mask: bool
    data: bytes


@cache
def whole_files() -> list[Whole]:
    """One file of each kind of picture and mask, in each format that can hold it."""
    rng = np.random.default_rng(0)
    smooth = np.linspace(0, 255, SIDES[0] * SIDES[1] * 3).reshape(*SIDES, 3)
    rgb = np.clip(smooth + rng.normal(0, 9, smooth.shape), 0, 255).astype(np.uint8)
    disc = np.hypot(*np.ogrid[-16:17, -20:28]) < 12
    colour, grey = Image.fromarray(rgb), Image.fromarray(rgb[..., 0])
    mask = Image.fromarray(disc * np.uint8(255))
    deep = Image.fromarray(rgb[..., 0].astype(np.uint16) << 8 | 77)
    deep_mask = Image.fromarray(disc * np.uint16(40_000))
    opaque = Image.merge("RGBA", [*colour.split(), Image.new("L", colour.size, 255)])
    palette = Image.fromarray(disc.astype(np.uint8), "P")
    palette.putpalette([0, 0, 0, 200, 40, 0])
    turned = Image.Exif()
    turned[0x0112] = 6
    lossless = (".png", ".bmp", ".tif")
    files = [
        *_saved("RGB", colour, (*lossless, ".jpg", ".webp")),
        *_saved("grey", grey, (*lossless, ".jpg")),
        *_saved("palette", colour.quantize(32), lossless),
        *_saved("opaque alpha", opaque, (".png", ".tif", ".webp")),
        *_saved("16 bits", deep, (".png", ".tif")),
        *_saved("float", Image.fromarray(rgb[..., 0].astype(np.float32)), (".tif",)),
        *_saved("CMYK", colour.convert("CMYK"), (".jpg", ".tif")),
        *_saved("progressive", colour, (".jpg",), progressive=True),
        *_saved("turned", colour, (".jpg", ".png", ".tif", ".webp"), exif=turned),
        *_saved("lossless", colour, (".webp",), lossless=True),
        *_saved("mask", mask, lossless, mask=True),
        *_saved("1-bit mask", mask.convert("1"), lossless, mask=True),
        *_saved("palette mask", palette, lossless, mask=True),
        *_saved("colour mask", palette.convert("RGB"), lossless, mask=True),
        *_saved("16-bit mask", deep_mask, (".png", ".tif"), mask=True),
        *_saved("non-binary mask", grey, lossless, mask=True),
        *_saved("turned mask", mask, (".png", ".tif"), mask=True, exif=turned),
    ]
    for compression in ("tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"):
        files += _saved(compression, colour, (".tif",), compression=compression)
    for compression in ("tiff_lzw", "group4"):
        files += _saved(
            f"{compression} mask", mask.convert("1"), (".tif",), mask=True, compression=compression
        )
    return files


def _saved(
    kind: str, image: Image.Image, suffixes: Sequence[str], mask: bool = False, **options: object
) -> list[Whole]:
    found = []
    for suffix in suffixes:
        buffer = io.BytesIO()
        image.save(buffer, FORMATS[suffix], **options)
        found.append(Whole(kind, suffix, mask, buffer.getvalue()))
    return found
