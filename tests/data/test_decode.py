"""Each rule that seglab.data.decode states, on real files of each kind."""

import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seglab.data.decode import encode_png, read_image, read_mask, write_png
from seglab.errors import DataError

RNG = np.random.default_rng(0)
RGB = RNG.integers(0, 256, (40, 60, 3), np.uint8)
GREY = RGB[..., 0]
MASK = (RGB[..., 1] > 127).astype(np.uint8)


def save(path: Path, pixels: np.ndarray | Image.Image, **options: object) -> Path:
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(path, **options)
    return path


def png16(path: Path, pixels: np.ndarray) -> Path:
    """A colour PNG of 16 bits, which Pillow cannot write (PNG specification, §11)."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )
    return path


@pytest.mark.parametrize("name", ["a.png", "a.PNG", "a.tif", "a.tiff", "a.bmp"])
def test_lossless_formats_give_the_pixels_that_were_saved(tmp_path: Path, name: str) -> None:
    np.testing.assert_array_equal(read_image(save(tmp_path / name, RGB)), RGB)


@pytest.mark.parametrize("name", ["a.jpg", "a.jpeg", "a.webp"])
def test_lossy_formats_come_close(tmp_path: Path, name: str) -> None:
    smooth = np.repeat(np.linspace(0, 255, 60, dtype=np.uint8)[None, :, None], 40, 0).repeat(3, 2)
    pixels = read_image(save(tmp_path / name, smooth, quality=95))
    assert np.abs(pixels.astype(int) - smooth).max() < 12


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.webp"])
def test_exif_orientation_is_applied_to_images_and_masks(
    tmp_path: Path, name: str, orientation: int
) -> None:
    upright = {  # EXIF 2.3, tag 0x0112: which turn of the stored rows shows the scene upright
        1: lambda a: a,
        2: np.fliplr,
        3: lambda a: np.rot90(a, 2),
        4: np.flipud,
        5: lambda a: a.swapaxes(0, 1),
        6: lambda a: np.rot90(a, -1),
        7: lambda a: np.rot90(a.swapaxes(0, 1), 2),
        8: np.rot90,
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"exif": exif} | ({"lossless": True} if name == "a.webp" else {})
    np.testing.assert_array_equal(read_image(save(tmp_path / name, RGB, **options)), upright(RGB))
    mask = np.dstack([MASK * 255] * 3)
    np.testing.assert_array_equal(read_mask(save(tmp_path / name, mask, **options)), upright(MASK))


def test_tiff_orientation_is_applied_once_under_compression(tmp_path: Path) -> None:
    path = save(tmp_path / "a.tif", RGB, tiffinfo={274: 6}, compression="tiff_lzw")
    np.testing.assert_array_equal(read_image(path), np.rot90(RGB, -1))


def test_palette_is_read_through_its_colours(tmp_path: Path) -> None:
    image = Image.fromarray(MASK + 1, "P")
    image.putpalette([9, 9, 9, 10, 20, 30, 40, 50, 60])
    colours = np.array([[9, 9, 9], [10, 20, 30], [40, 50, 60]], np.uint8)
    np.testing.assert_array_equal(read_image(save(tmp_path / "a.png", image)), colours[MASK + 1])


def test_palette_mask_is_judged_by_colour_not_by_index(tmp_path: Path) -> None:
    image = Image.fromarray(MASK, "P")
    image.putpalette([200, 0, 0, 0, 0, 0])
    np.testing.assert_array_equal(read_mask(save(tmp_path / "a.png", image)), 1 - MASK)


@pytest.mark.parametrize("pixels", [GREY, MASK.astype(bool)], ids=["8 bits", "1 bit"])
def test_grey_is_repeated_to_three_channels(tmp_path: Path, pixels: np.ndarray) -> None:
    grey = pixels * np.uint8(255) if pixels.dtype == bool else pixels
    np.testing.assert_array_equal(
        read_image(save(tmp_path / "a.png", pixels)), np.dstack([grey] * 3)
    )


@pytest.mark.parametrize("colour", [RGB, GREY[..., None]], ids=["RGBA", "LA"])
def test_opaque_alpha_is_dropped_and_transparency_refused(
    tmp_path: Path, colour: np.ndarray
) -> None:
    alpha = np.full_like(GREY, 255)
    opaque = save(tmp_path / "opaque.png", np.dstack([colour, alpha]))
    np.testing.assert_array_equal(read_image(opaque), np.broadcast_to(colour, RGB.shape))
    alpha[3, 4] = 254
    with pytest.raises(DataError, match=r"clear\.png has 1 transparent pixels"):
        read_image(save(tmp_path / "clear.png", np.dstack([colour, alpha])))


def test_transparent_palette_entry_is_refused_if_a_pixel_uses_it(tmp_path: Path) -> None:
    image = Image.fromarray(MASK, "P")
    image.putpalette([0, 0, 0, 255, 255, 255, 7, 7, 7])
    unused = save(tmp_path / "unused.png", image, transparency=2)
    np.testing.assert_array_equal(read_mask(unused), MASK)
    with pytest.raises(DataError, match="transparent pixels"):
        read_mask(save(tmp_path / "used.png", image, transparency=0))


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_16_bit_grey_keeps_the_high_byte(tmp_path: Path, name: str) -> None:
    deep = GREY.astype(np.uint16) << 8 | 200
    np.testing.assert_array_equal(read_image(save(tmp_path / name, deep)), np.dstack([GREY] * 3))


def test_16_bit_colour_keeps_the_high_byte(tmp_path: Path) -> None:
    deep = RGB.astype(np.uint16) << 8 | 200
    np.testing.assert_array_equal(read_image(png16(tmp_path / "a.png", deep)), RGB)


def test_16_bit_mask_is_judged_by_its_full_value(tmp_path: Path) -> None:
    np.testing.assert_array_equal(read_mask(save(tmp_path / "a.png", MASK.astype(np.uint16))), MASK)
    with pytest.raises(DataError, match="16-bit colour mask"):
        read_mask(png16(tmp_path / "b.png", np.dstack([MASK] * 3)))


@pytest.mark.parametrize("mode", ["L", "P", "RGB"])
def test_8_bit_masks_of_any_width_are_not_taken_for_16_bits(tmp_path: Path, mode: str) -> None:
    # Pillow's word for how the pixels are stored holds the bytes of a row, here 16, 160 and 2160.
    for width in (16, 53, 160, 720):
        mask = np.resize(MASK, (9, width))
        path = save(tmp_path / "a.bmp", Image.fromarray(mask * np.uint8(255)).convert(mode))
        np.testing.assert_array_equal(read_mask(path), mask)


def test_cmyk_is_converted(tmp_path: Path) -> None:
    flat = np.full((8, 8, 3), (200, 100, 50), np.uint8)
    path = save(tmp_path / "a.tif", Image.fromarray(flat).convert("CMYK"))
    np.testing.assert_array_equal(read_image(path), flat)


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_32_bits_and_floats_are_refused(tmp_path: Path, dtype: type) -> None:
    path = save(tmp_path / "a.tif", GREY.astype(dtype))
    with pytest.raises(DataError, match=r"a\.tif has 32-bit, floating-point"):
        read_image(path)


@pytest.mark.parametrize("name", ["a.tif", "a.png", "a.webp"])
def test_several_pages_or_frames_are_refused(tmp_path: Path, name: str) -> None:
    other = Image.fromarray(255 - RGB)
    path = save(tmp_path / name, RGB, save_all=True, append_images=[other])
    with pytest.raises(DataError, match="has 2 pages or frames"):
        read_image(path)


def test_previews_behind_a_camera_jpeg_are_no_pages(tmp_path: Path) -> None:
    plain = read_image(save(tmp_path / "plain.jpg", RGB))
    mpo = save(tmp_path / "a.mpo", RGB, save_all=True, append_images=[Image.fromarray(255 - RGB)])
    np.testing.assert_array_equal(read_image(mpo.rename(tmp_path / "a.jpg")), plain)


@pytest.mark.parametrize(("true", "said"), [("png", "jpg"), ("jpg", "png"), ("gif", "png")])
def test_content_of_another_format_is_refused(tmp_path: Path, true: str, said: str) -> None:
    path = save(tmp_path / f"a.{true}", RGB).rename(tmp_path / f"b.{said}")
    with pytest.raises(DataError, match=rf"b\.{said} holds (PNG|JPEG|GIF), not"):
        read_image(path)


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif", "a.bmp", "a.webp"])
@pytest.mark.parametrize("kept", [0.0, 0.01, 0.5, 0.9, "all but 3 bytes"])
def test_truncated_files_are_refused(tmp_path: Path, name: str, kept: float | str) -> None:
    path = save(tmp_path / name, RGB)
    data = path.read_bytes()
    path.write_bytes(data[:-3] if isinstance(kept, str) else data[: int(kept * len(data))])
    with pytest.raises(DataError, match=name):
        read_image(path)


def test_a_png_with_a_wrong_checksum_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", np.zeros((40, 60), np.uint8))
    data = bytearray(path.read_bytes())
    data[data.index(b"IDAT") - 5] ^= 1  # in the checksum of the header
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"a\.png .*(damaged|cannot be decoded)"):
        read_image(path)
    whole = Image.fromarray(np.zeros((40, 60), np.uint8))
    path = save(tmp_path / "b.png", whole)
    data = bytearray(path.read_bytes())
    data[data.index(b"IEND") - 6] ^= 1  # in that of the pixels, which are read all the same
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"b\.png cannot be decoded"):
        read_image(path)


def test_a_deflated_tiff_with_a_wrong_checksum_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "a.tif", RGB, compression="tiff_adobe_deflate")
    np.testing.assert_array_equal(read_image(path), RGB)
    with Image.open(path) as image:
        end = image.tag_v2[273][0] + image.tag_v2[279][0]
    data = bytearray(path.read_bytes())
    data[end - 1] ^= 1
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"a\.tif cannot be decoded: .*incorrect data check"):
        read_image(path)


def test_pixels_that_a_tiff_does_not_have_are_not_made_up(tmp_path: Path) -> None:
    path = save(tmp_path / "a.tif", GREY, tiffinfo={278: 40})
    data = path.read_bytes()
    height = struct.pack("<HHIHH", 257, 4, 1, 40, 0), struct.pack("<HHIHH", 257, 4, 1, 90, 0)
    if height[0] not in data:
        height = struct.pack("<HHIHH", 257, 3, 1, 40, 0), struct.pack("<HHIHH", 257, 3, 1, 90, 0)
    assert height[0] in data
    path.write_bytes(data.replace(*height))
    with pytest.raises(DataError, match=r"a\.tif has 2,400 of its 5,400 pixels: it is damaged"):
        read_image(path)


def test_a_header_that_claims_a_huge_picture_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "a.bmp", RGB)
    data = bytearray(path.read_bytes())
    data[18:26] = struct.pack("<ii", 30_000, 20_000)
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"a\.bmp claims 20,000×30,000 pixels"):
        read_image(path)


@pytest.mark.parametrize("name", ["a.txt", "a.gif", "a"])
def test_other_extensions_are_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("hello")
    with pytest.raises(DataError, match="of no format that is read"):
        read_image(tmp_path / name)


def test_text_called_png_and_missing_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("hello" * 100)
    with pytest.raises(DataError, match=r"a\.png is no picture"):
        read_image(tmp_path / "a.png")
    with pytest.raises(DataError, match=r"b\.png cannot be decoded: No such file"):
        read_image(tmp_path / "b.png")


@pytest.mark.parametrize("foreground", [1, 77, 255])
def test_any_one_value_beside_black_is_foreground(tmp_path: Path, foreground: int) -> None:
    path = save(tmp_path / "a.png", MASK * np.uint8(foreground))
    np.testing.assert_array_equal(read_mask(path), MASK)
    colour = MASK[..., None] * np.array([0, 0, foreground], np.uint8)
    np.testing.assert_array_equal(read_mask(save(tmp_path / "b.png", colour)), MASK)


@pytest.mark.parametrize("value", [0, 1, 255])
def test_masks_of_one_value_are_fine(tmp_path: Path, value: int) -> None:
    mask = read_mask(save(tmp_path / "a.png", np.full((5, 6), value, np.uint8)))
    np.testing.assert_array_equal(mask, np.full((5, 6), value > 0))


def test_masks_of_more_values_are_refused_and_the_values_named(tmp_path: Path) -> None:
    pixels = MASK * np.uint8(255)
    pixels[0, :4] = [0, 12, 14, 255]
    with pytest.raises(DataError, match=r"a\.png has 4 values, not two \(0, 12, 14, 255\)"):
        read_mask(save(tmp_path / "a.png", pixels))
    colour = MASK[..., None] * np.array([255, 0, 0], np.uint8)
    colour[0, 0] = [0, 255, 0]
    with pytest.raises(DataError, match=r"#000000, #00ff00, #ff0000"):
        read_mask(save(tmp_path / "b.png", colour))


@pytest.mark.parametrize("pixels", [RGB, GREY], ids=["RGB", "grey"])
def test_png_round_trip(tmp_path: Path, pixels: np.ndarray) -> None:
    path = tmp_path / "new" / "ä b.png"
    write_png(path, pixels)
    expected = pixels if pixels.ndim == 3 else np.dstack([pixels] * 3)
    np.testing.assert_array_equal(read_image(path), expected)
    assert path.read_bytes() == encode_png(pixels)
    assert [child.name for child in path.parent.iterdir()] == ["ä b.png"]


def test_an_aerial_tile_is_no_decompression_bomb(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", np.zeros((10000, 10000), bool))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_mask(path).shape == (10000, 10000)
