"""Image files as arrays: the only decoder, so that every picture is read by one set of rules.

- JPEG, PNG, TIFF, BMP and WebP. A file whose content is of another format than its extension says
  is refused, and so is one that is truncated or cannot be decoded. (A JPEG that lost only its end
  marker has all its pixels and is read.) A PNG and a deflated TIFF must have the checksums they
  say. Other files have none: damage that leaves one well formed shows in its pixels alone.
- EXIF and TIFF orientation is applied, to images and masks alike.
- A palette is read through its colours. Grey is repeated to three channels. CMYK and YCbCr are
  converted to RGB. Embedded colour profiles are ignored.
- Alpha that is opaque everywhere is dropped; real transparency is refused.
- Of 16 bits the high byte is kept, in grey and in colour. 32 bits and floats are refused.
- One page only: TIFFs of several pages and animations are refused. So are more than 2²⁸ pixels.
- Mask: a pixel is foreground where its colour is not black, and at most one such colour may
  occur; all black and all foreground are fine. 16-bit grey is judged by its full value; a 16-bit
  colour mask is refused, because only its high bytes can be read.
"""

import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from jaxtyping import Integer, UInt8, UInt16
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError
from PIL.TiffImagePlugin import (
    COMPRESSION,
    STRIPBYTECOUNTS,
    STRIPOFFSETS,
    TILEBYTECOUNTS,
    TILEOFFSETS,
    TiffImageFile,
)

from seglab.data.files import atomic_write
from seglab.errors import DataError

FORMATS = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".png": "PNG",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".bmp": "BMP",
    ".webp": "WEBP",
}
"""The format that an extension (in lower case) promises."""

END_OF_PNG = b"IEND\xaeB`\x82"
DEFLATE = {8, 32946}
"""Values of TIFF's tag Compression for it: Adobe's and the older one."""
GREY_16 = {"I;16", "I;16B", "I;16L"}
READ_AS = {"1": "L", "L": "L", "P": "RGB", "RGB": "RGB", "CMYK": "RGB", "YCbCr": "RGB"}
"""Pillow's modes of up to 8 bits a channel and what each is converted to."""
VALUES_SHOWN = 6

LARGEST = 2**28
"""Pixels of a picture at most: 16384², which take 768 MB."""

# Pillow's own limit is 9459² pixels, less than many an aerial picture; ours is told as a fault.
Image.MAX_IMAGE_PIXELS = None


def read_image(path: Path) -> UInt8[np.ndarray, "h w 3"]:
    """The RGB pixels of an image file; raises ``DataError`` naming the file and what is wrong."""
    with _naming(path):
        pixels, _ = _decoded_file(path)
    return _eight_bit_rgb(pixels)


def decode_image(data: bytes, name: str) -> UInt8[np.ndarray, "h w 3"]:
    """As ``read_image``, of a file's bytes, whichever of the formats they are in.

    A ``DataError`` starts with ``name``.
    """
    with _naming(name):
        pixels, _ = _decoded(data)
    return _eight_bit_rgb(pixels)


def _eight_bit_rgb(pixels: Integer[np.ndarray, "h w *c"]) -> UInt8[np.ndarray, "h w 3"]:
    if pixels.dtype != np.uint8:
        pixels = (pixels >> 8).astype(np.uint8)
    return np.dstack([pixels] * 3) if pixels.ndim == 2 else pixels


def read_mask(path: Path) -> UInt8[np.ndarray, "h w"]:
    """A mask file as 1 on the object and 0 elsewhere; raises ``DataError`` as ``read_image``."""
    with _naming(path):
        pixels, sixteen_bits = _decoded_file(path)
        if sixteen_bits and pixels.dtype == np.uint8:
            raise _RefusedError("is a 16-bit colour mask; save it with 8 bits")
        return _two_valued(pixels)


def encode_png(pixels: UInt8[np.ndarray, "h w *c"] | UInt16[np.ndarray, "h w"]) -> bytes:
    """A PNG file of grey ``(h, w)``, in 8 or 16 bits, or RGB ``(h, w, 3)`` pixels."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def write_png(path: Path, pixels: UInt8[np.ndarray, "h w *c"] | UInt16[np.ndarray, "h w"]) -> None:
    """``pixels`` as the PNG file ``path``, whole or not at all; folders are made."""
    atomic_write(path, lambda file: file.write(encode_png(pixels)))


class _RefusedError(Exception):
    """A picture that breaks a rule; the text goes on from the name of its file."""


@contextmanager
def _naming(path: Path | str) -> Iterator[None]:
    """Turns whatever a decoder raises into a ``DataError`` that starts with the file's name."""
    try:
        yield
    except _RefusedError as refused:
        raise DataError(f"{path} {refused}") from None
    except UnidentifiedImageError:
        raise DataError(f"{path} is no picture, or damaged from its first bytes on") from None
    except Exception as error:  # Pillow's decoders raise anything from OSError to struct.error
        reason = (isinstance(error, OSError) and error.strerror) or str(error) or repr(error)
        raise DataError(f"{path} cannot be decoded: {reason}") from error


def _decoded_file(path: Path) -> tuple[Integer[np.ndarray, "h w *c"], bool]:
    """As ``_decoded``, of a file that is what its extension says."""
    promised = FORMATS.get(path.suffix.lower())
    if promised is None:
        raise _RefusedError(f"is of no format that is read ({', '.join(FORMATS)})")
    return _decoded(path.read_bytes(), promised)


def _decoded(data: bytes, promised: str = "") -> tuple[Integer[np.ndarray, "h w *c"], bool]:
    """Pixels of a file, oriented and without alpha, and whether it has 16 bits a channel."""
    if not data:
        raise _RefusedError("is empty (0 bytes)")
    image = Image.open(io.BytesIO(data))
    # MPO is what many cameras write: a JPEG with previews behind it.
    found = "JPEG" if image.format == "MPO" else image.format
    if not promised and found not in FORMATS.values():
        raise _RefusedError(f"holds {found}, which is not read; convert it to PNG")
    if promised and found != promised:
        raise _RefusedError(
            f"holds {found}, not {promised} as its extension says; rename or convert it"
        )
    if image.width * image.height > LARGEST:
        raise _RefusedError(
            f"claims {image.height:,}×{image.width:,} pixels, more than {LARGEST:,}; it is "
            "damaged, or should be cut into parts"
        )
    pages = getattr(image, "n_frames", 1)
    if pages > 1 and image.format != "MPO":
        raise _RefusedError(
            f"has {pages} pages or frames, not one; save the one that is meant alone"
        )
    if found == "PNG":
        if END_OF_PNG not in data:
            raise _RefusedError("is truncated: the end of the PNG is missing")
        # Loading alone does not look at the checksums of the pixels.
        Image.open(io.BytesIO(data)).verify()
    if found == "TIFF":
        _compare_sums(image, data)
    _refuse_gaps(image)
    sixteen_bits = any("16" in _raw_mode(tile.args) for tile in image.tile)
    image.load()
    ImageOps.exif_transpose(image, in_place=True)
    return _pixels(_without_alpha(image)), sixteen_bits


def _compare_sums(image: ImageFile.ImageFile, data: bytes) -> None:
    """Raises ``zlib.error`` for deflated pixels with a wrong checksum, which libtiff reads."""
    assert isinstance(image, TiffImageFile)
    tags = image.tag_v2
    if tags.get(COMPRESSION) not in DEFLATE:
        return
    starts = tags.get(STRIPOFFSETS) or tags.get(TILEOFFSETS) or ()
    sizes = tags.get(STRIPBYTECOUNTS) or tags.get(TILEBYTECOUNTS) or ()
    for start, size in zip(starts, sizes, strict=True):
        zlib.decompress(data[start : start + size])


def _refuse_gaps(image: ImageFile.ImageFile) -> None:
    """Refuses a file that says where some of its pixels are, but not all: they would be black."""
    boxes = {tile.extents for tile in image.tile if tile.extents}
    told = sum((right - left) * (bottom - top) for left, top, right, bottom in boxes)
    if boxes and told < image.width * image.height:
        raise _RefusedError(
            f"has {told:,} of its {image.width * image.height:,} pixels: it is damaged"
        )


def _raw_mode(arguments: object) -> str:
    """How a stretch of pixels is stored, of what its decoder is told: "RGB;16L"."""
    return str(arguments[0] if isinstance(arguments, tuple) else arguments)


def _without_alpha(image: Image.Image) -> Image.Image:
    if image.mode not in {"LA", "PA", "RGBA"} and "transparency" not in image.info:
        return image
    image = image.convert("RGBA")
    transparent = int(np.count_nonzero(np.asarray(image.getchannel("A")) < 255))
    if transparent:
        raise _RefusedError(f"has {transparent:,} transparent pixels; put it on a background")
    return image.convert("RGB")


def _pixels(image: Image.Image) -> Integer[np.ndarray, "h w *c"]:
    """``(h, w)`` of grey with 8 or 16 bits, or ``(h, w, 3)`` of 8-bit RGB."""
    if image.mode in GREY_16:
        return np.asarray(image).astype(np.uint16)
    if image.mode not in READ_AS:
        raise _RefusedError(
            f"has 32-bit, floating-point or unusual pixels (mode {image.mode}); convert it to "
            "8-bit grey or RGB"
        )
    return np.array(image.convert(READ_AS[image.mode]))


def _two_valued(pixels: Integer[np.ndarray, "h w *c"]) -> UInt8[np.ndarray, "h w"]:
    if pixels.ndim == 3:
        red, green, blue = np.moveaxis(pixels.astype(np.uint32), -1, 0)
        codes = red << 16 | green << 8 | blue
    else:
        codes = pixels
    foreground = codes != 0
    if (foreground & (codes != codes.max())).any():
        values = [f"#{v:06x}" if pixels.ndim == 3 else str(v) for v in np.unique(codes)]
        more = ", …" if len(values) > VALUES_SHOWN else ""
        raise _RefusedError(
            f"has {len(values)} values, not two ({', '.join(values[:VALUES_SHOWN])}{more}); a mask "
            "is black and one other colour, and never a JPEG"
        )
    return np.asarray(foreground, np.uint8)
