"""icoseg/subset_80: the 80 pictures of CMU-Cornell iCoseg that the saliency study used.

The study's lists (its §1a) and the iCoseg group of each picture are package data. Pictures are
those of Batra et al., "iCoseg: Interactive co-segmentation with intelligent scribble guidance"
(CVPR 2010): images/<id>.jpg and ground_truth/<id>.png, or as in the whole release, of which only
the 80 are taken, images/<group>/<id>.jpg and ground_truth/<group>/<id>.png.
"""

import csv
from functools import cache
from importlib.resources import files
from pathlib import Path, PurePosixPath
from typing import Any

from seglab.data.pairs import Found, locate, pick
from seglab.data.splits import grouped_split

TITLE = "icoseg/subset_80"
SIZES = (50, 10, 20)
"""Pictures in train, val and test, in the published and in the grouped split."""


def wanted(path: PurePosixPath) -> bool:
    """Whether a file of the release is of one of the 80 pictures."""
    return path.stem in {row["image"] for row in _subset()}


def find(source: Path) -> Found:
    """The 80 pictures below ``source`` in published order; every missing file is a fault."""
    root = locate(
        source,
        lambda folder: (folder / "images").is_dir() and (folder / "ground_truth").is_dir(),
        "images/ and ground_truth/ side by side, as iCoseg has",
    )
    groups = {row["image"]: row["group"] for row in _subset()}
    pairs, faults = pick(root, "images", "ground_truth", groups)
    return Found(
        TITLE,
        pairs,
        published={row["image"]: row["published_split"] for row in _subset()},
        groups=groups,
        grouped=grouped_split(groups, SIZES),
        faults=faults,
    )


@cache
def _subset() -> list[dict[str, Any]]:
    """Columns image, published_split and group; in the order of the study's lists."""
    text = files("seglab.data").joinpath("icoseg_subset_80.csv").read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))
