"""inria_aerial/subset_chicago: the four 5000×5000 tiles that the saliency study used (its §1b).

Source: Maggiori et al., "Can semantic labeling methods generalize to any city?" (IGARSS 2017);
AerialImageDataset/train/{images,gt}/chicago10.tif and so on, or any folder with images/ and gt/.
"""

from pathlib import Path, PurePosixPath

from seglab.data.pairs import Found, locate, pick, pictures_in
from seglab.data.splits import PartName
from seglab.errors import DataError

TITLE = "inria_aerial/subset_chicago"
PART_OF: dict[str, PartName] = {
    "chicago10": "train",
    "chicago11": "train",
    "chicago12": "val",
    "chicago24": "test",
}


def wanted(path: PurePosixPath) -> bool:
    """Whether a file of the release is an image or mask of one of the four tiles."""
    return path.stem in PART_OF and path.parent.name in {"images", "gt"}


def find(source: Path) -> Found:
    """The four tiles below ``source``; every missing file is a fault. Other tiles are not read.

    Raises ``DataError`` with what can be done instead if none of the four is there.
    """
    root = locate(
        source,
        lambda folder: (folder / "images").is_dir() and (folder / "gt").is_dir(),
        "images/ and gt/ side by side, as AerialImageDataset/train has",
    )
    # The tiles are disjoint pieces of land: each is a scene of its own.
    scenes = {name: name for name in PART_OF}
    pairs, faults = pick(root, "images", "gt", scenes)
    if len(faults) == 2 * len(PART_OF) and (others := list(pictures_in(root / "images")[0])):
        raise DataError(
            f"{root} holds none of the tiles {', '.join(PART_OF)} that were published of {TITLE}, "
            f"but {len(others)} other pictures ({others[0]} …). To work with these, put them into "
            "a folder with images/ and masks/ and prepare that as dataset=folder: train, tune and "
            "reproduce take it, without published figures beside"
        )
    return Found(TITLE, pairs, PART_OF, groups=scenes, grouped=PART_OF, faults=faults)
