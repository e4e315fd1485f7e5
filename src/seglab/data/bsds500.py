"""bsds500: the Berkeley pictures, each segmented by four to nine people.

Source: Arbeláez et al., "Contour Detection and Hierarchical Image Segmentation" (TPAMI 2011);
images/{train,val,test}/<id>.jpg and groundTruth/{train,val,test}/<id>.mat, as in its folder
BSR/BSDS500/data. A part that is missing is empty.
"""

from pathlib import Path, PurePosixPath

import numpy as np
from jaxtyping import UInt16
from scipy.io import loadmat

from seglab.data.pairs import Found, Pair, jpegs, locate
from seglab.data.splits import PARTS
from seglab.data.truth import Segment, Truth
from seglab.errors import DataError

TITLE = "bsds500"
SUFFIXES = {"images": ".jpg", "groundTruth": ".mat"}


def wanted(path: PurePosixPath) -> bool:
    """Whether a file of the release is a picture or what people drew on it."""
    return path.parent.name in PARTS and path.suffix == SUFFIXES.get(path.parent.parent.name)


def find(source: Path) -> Found:
    """The pictures below ``source``, train before val before test; a missing .mat is a fault."""
    root = locate(
        source,
        lambda folder: all((folder / name).is_dir() for name in SUFFIXES),
        "images/ and groundTruth/ side by side, as BSR/BSDS500/data has",
    )
    images, published, faults = jpegs({part: root / "images" / part for part in PARTS})
    pairs = []
    for name, image in images.items():
        truth = root / "groundTruth" / published[name] / f"{image.stem}.mat"
        if truth.exists():
            pairs.append(Pair(name, image, truth, read_segmentations))
        else:
            faults.append(f"{image} has no {truth}")
    return Found(TITLE, pairs, published, faults=faults)


def read_segmentations(path: Path) -> Truth:
    """The label maps of all people, numbered from 1; raises ``DataError`` naming the file."""
    try:
        maps = _label_maps(path)
    except Exception as error:  # scipy raises anything from ValueError to zlib's errors
        raise DataError(f"{path} holds no BSDS500 segmentations, or is damaged: {error}") from error
    segments = [
        Segment(annotation, number, "", area, thing=False, crowd=False)
        for annotation, labels in enumerate(maps)
        for number, area in enumerate(np.bincount(labels.ravel()).tolist())
        if area
    ]
    return Truth(maps, tuple(segments))


def _label_maps(path: Path) -> UInt16[np.ndarray, "n h w"]:
    people = loadmat(path)["groundTruth"][0]
    maps = np.stack([each["Segmentation"][0, 0] for each in people])
    if maps.ndim != 3 or maps.dtype.kind != "u" or maps.dtype.itemsize > 2 or maps.min() < 1:
        raise ValueError(f"labels are {maps.dtype} {maps.shape} from {maps.min()}")
    return maps.astype(np.uint16)
