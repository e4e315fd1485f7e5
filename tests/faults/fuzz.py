"""Damaged pictures and masks, each to be refused by name or decoded as the reference decodes it.

python -m tests.faults.fuzz [--files 10000] [--seed 0] [--processes 1]

The reference is Pillow used directly and strictly: the file checked by ``verify``, then loaded. A
second decoder that shares no code with it, libpng and libjpeg by torchvision and tifffile, is asked
for its opinion of what was read. What breaks the promise is printed, and the exit code is 1.
"""

import argparse
import io
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tifffile
import torch
from PIL import Image, ImageOps
from tabulate import tabulate
from torchvision.io import ImageReadMode, decode_jpeg, decode_png
from tqdm import tqdm

from seglab.data.decode import LARGEST, read_image, read_mask
from seglab.errors import DataError
from tests.faults.damages import DAMAGES, untouched
from tests.faults.originals import whole_files

PLAIN = ("RGB", "grey", "progressive", "tiff_lzw", "tiff_adobe_deflate", "packbits")
"""Kinds that need no rule of ours between what is stored and RGB: decoders have to agree."""
SHARE = 100
"""Files that a process is given at once."""


class Verdict(NamedTuple):
    """What became of a file."""

    suffix: str
    damage: str
    outcome: str
    """refused, equal, or what went wrong."""
    second: str
    """Of a picture that was read: same, refused, other or none, by the second decoder."""
    changed: bool
    """Whether what was read is not what it was before the damage."""


def reference(data: bytes) -> np.ndarray | None:
    """Pixels (h, w, 3), or (h, w) of 16 bits, as Pillow gives them upright; None if it refuses."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            if image.width * image.height > LARGEST:
                return None
            image.verify()
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            upright = ImageOps.exif_transpose(image)
            return np.asarray(
                upright if upright.mode.startswith("I;16") else upright.convert("RGB")
            )
    except Exception:
        return None


def by_libpng(data: bytes) -> np.ndarray:
    """RGB pixels of a PNG as torchvision has them."""
    return decode_png(_bytes(data), ImageReadMode.RGB).permute(1, 2, 0).numpy()


def by_libjpeg(data: bytes) -> np.ndarray:
    """RGB pixels of a JPEG as torchvision has them."""
    return decode_jpeg(_bytes(data), ImageReadMode.RGB).permute(1, 2, 0).numpy()


def by_tifffile(data: bytes) -> np.ndarray:
    """Pixels of a TIFF as tifffile has them, grey repeated."""
    pixels = tifffile.imread(io.BytesIO(data))
    return np.dstack([pixels] * 3) if pixels.ndim == 2 else pixels


def _bytes(data: bytes) -> torch.Tensor:
    return torch.frombuffer(bytearray(data), dtype=torch.uint8)


SECOND = {".png": by_libpng, ".jpg": by_libjpeg, ".tif": by_tifffile}


def judge(path: Path, data: bytes, mask: bool, plain: bool, is_whole: bool) -> tuple[str, str]:
    """Outcome of reading ``data`` as ``path``, and what the second decoder has to say of it."""
    path.write_bytes(data)
    expected = reference(data)
    try:
        pixels = read_mask(path) if mask else read_image(path)
    except DataError as fault:
        text = str(fault)
        if not text.startswith(f"{path} ") or text.endswith((": ", " ")) or "\n" in text:
            return f"badly told: {text!r}", "none"
        known = "not two (" in text or "floating-point" in text
        return ("REFUSED THOUGH WHOLE: " + text if is_whole and not known else "refused"), "none"
    except Exception as error:
        return f"ESCAPED: {error!r}", "none"
    if expected is None:
        return "READ THOUGH THE REFERENCE REFUSES", "none"
    if mask:
        same = np.array_equal(pixels, _as_mask(expected))
    else:
        same = np.array_equal(pixels, _as_image(expected))
    if not same:
        return "OTHER PIXELS THAN THE REFERENCE", "none"
    if not plain or path.suffix not in SECOND:
        return "equal", "none"
    try:
        other = SECOND[path.suffix](data)
    except Exception:
        return "equal", "refused"
    return "equal", "same" if np.array_equal(pixels, other) else "other"


def differ(data: bytes, before: bytes, mask: bool) -> bool:
    """Whether the reference reads other pixels in ``data`` than in ``before``, or can read one."""
    found = [reference(each) for each in (data, before)]
    if found[0] is None or found[1] is None:
        return True
    seen = [_as_mask(each) if mask else _as_image(each) for each in found]
    return not np.array_equal(*seen)


def _as_image(expected: np.ndarray) -> np.ndarray:
    return np.dstack([expected >> 8] * 3) if expected.ndim == 2 else expected


def _as_mask(expected: np.ndarray) -> np.ndarray:
    return (expected if expected.ndim == 2 else expected.any(axis=2)) != 0


def fuzz(numbers: Sequence[int], seed: int = 0) -> list[Verdict]:
    """Verdicts on the files of these numbers, each a function of its number and ``seed``."""
    verdicts = []
    files = whole_files()
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number in numbers:
            rng = np.random.default_rng((seed, number))
            # In turns, so that every kind meets every damage.
            whole = files[number % len(files)]
            damage = DAMAGES[number // len(files) % len(DAMAGES)]
            other = files[rng.integers(len(files))]
            data = damage(whole.data, other.data, rng)
            path = Path(folder) / f"{number} {whole.kind}{whole.suffix}"
            outcome, second = judge(
                path, data, whole.mask, whole.kind in PLAIN, damage is untouched
            )
            path.unlink()
            changed = outcome == "equal" and differ(data, whole.data, whole.mask)
            verdicts.append(Verdict(whole.suffix, damage.__name__, outcome, second, changed))
            if outcome not in ("refused", "equal"):
                print(f"{path.name}, {damage.__name__}: {outcome}", file=sys.stderr)
    return verdicts


def counted(verdicts: Sequence[Verdict], by: str) -> str:
    """A Markdown table of outcomes by format or damage."""
    counts = Counter(
        (getattr(v, by), v.outcome if v[2] in ("refused", "equal") else "wrong") for v in verdicts
    )
    names = list(dict.fromkeys(getattr(v, by) for v in verdicts))
    changed = Counter(getattr(v, by) for v in verdicts if v.changed)
    outcomes = ("refused", "equal", "wrong")
    rows = [[n, *(counts[n, o] for o in outcomes), changed[n]] for n in names]
    rows.append(["all", *(sum(row[i] for row in rows) for i in (1, 2, 3, 4))])
    headers = [by, *outcomes, "equal, but changed by the damage"]
    return tabulate(rows, headers=headers, tablefmt="github")


def main() -> None:
    """Runs the fuzz and prints the counts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=1)
    given = parser.parse_args()
    shares = [
        range(start, min(start + SHARE, given.files)) for start in range(0, given.files, SHARE)
    ]
    with ProcessPoolExecutor(given.processes) as pool:
        done = pool.map(partial(fuzz, seed=given.seed), shares)
        verdicts = [v for share in tqdm(done, "fuzz", len(shares)) for v in share]
    for by in ("suffix", "damage"):
        print(f"\n{counted(verdicts, by)}")
    seconds = Counter((v.suffix, v.second) for v in verdicts if v.second != "none")
    print("\nsecond decoder, of pictures that were read:", dict(sorted(seconds.items())))
    wrong = sum(v.outcome not in ("refused", "equal") for v in verdicts)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
