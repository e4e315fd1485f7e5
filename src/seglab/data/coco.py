"""coco: Common Objects in Context 2017, its panoptic segments where there, else its instances.

Source: Lin et al., "Microsoft COCO" (ECCV 2014); Kirillov et al., "Panoptic Segmentation" (CVPR
2019). {train,val}2017/<id>.jpg, annotations/{instances,panoptic}_{train,val}2017.json, and the
panoptic PNGs in panoptic_{train,val}2017/, beside the JSON or the pictures. Any subset of the
pictures will do; without val2017/ a tenth of train is drawn for val. There is no test part, as its
annotations are not published.
"""

from collections.abc import Mapping
from functools import partial
from pathlib import Path, PurePosixPath

from tqdm import tqdm

from seglab.data.annotations import draw_instances, load, read_panoptic
from seglab.data.pairs import Found, Pair, jpegs, locate
from seglab.data.splits import PartName, seeded_split
from seglab.errors import DataError

PARTS: tuple[PartName, ...] = ("train", "val")
KINDS = ("panoptic", "instances")
"""The first that every part has is taken."""


def wanted(path: PurePosixPath) -> bool:
    """Whether a file of the release is a picture, a panoptic PNG or an annotation file."""
    folder = path.parent.name
    return (
        (path.suffix == ".jpg" and folder in _named("{}2017"))
        or (path.suffix == ".png" and folder in _named("panoptic_{}2017"))
        or any(path.name in _named(f"{kind}_{{}}2017.json") for kind in KINDS)
    )


def find(source: Path) -> Found:
    """The pictures below ``source`` that are on disk; one that no annotation file has is a fault.

    A picture without any annotation is all void.
    """
    root = locate(
        source,
        lambda folder: (
            (folder / "annotations").is_dir()
            and any((folder / name).is_dir() for name in _named("{}2017"))
        ),
        "annotations/ beside train2017/ or val2017/, as COCO has",
    )
    images, published, faults = jpegs({part: root / f"{part}2017" for part in PARTS})
    parts = [part for part in PARTS if part in published.values()]
    kind = next(
        (kind for kind in KINDS if all(_json(root, kind, part).exists() for part in parts)),
        "instances",
    )
    pairs: list[Pair] = []
    for part in tqdm(parts, f"read {kind}"):
        own = {name: path for name, path in images.items() if published[name] == part}
        try:
            found, wrong = _pairs(root, kind, part, own)
        except DataError as fault:
            found, wrong = [], [str(fault)]
        pairs += found
        faults += wrong
    if parts == ["train"]:
        published = seeded_split(list(published), shares=(0.9, 0.1, 0.0))
    return Found(f"coco/{kind}", pairs, published, faults=faults)


def _pairs(
    root: Path, kind: str, part: str, images: Mapping[str, Path]
) -> tuple[list[Pair], list[str]]:
    """The pairs of a part's ``images``, and a fault for each that has none."""
    annotations = load(_json(root, kind, part))
    categories = annotations.categories
    pngs = _png_folder(root, part) if kind == "panoptic" else None
    pairs, faults = [], []
    for name, image in images.items():
        if name not in annotations.images:
            faults.append(f"{image} is not in {annotations.path}")
            continue
        size, own = annotations.images[name]
        png = pngs / f"{name}.png" if pngs and own else None
        if png is None:
            draw = partial(draw_instances, size=size, instances=own, categories=categories)
            pairs.append(Pair(name, image, annotations.path, draw))
        elif png.exists():
            read = partial(read_panoptic, annotation=own[0], categories=categories)
            pairs.append(Pair(name, image, png, read))
        else:
            faults.append(f"{image} has no {png}")
    return pairs, faults


def _png_folder(root: Path, part: str) -> Path:
    name = f"panoptic_{part}2017"
    for folder in (root / "annotations" / name, root / name):
        if folder.is_dir():
            return folder
    raise DataError(
        f"{_json(root, 'panoptic', part)} is there, but the folder of its PNGs is not: unpack "
        f"{name}.zip beside it, or take the file away to use instances"
    )


def _json(root: Path, kind: str, part: str) -> Path:
    return root / "annotations" / f"{kind}_{part}2017.json"


def _named(template: str) -> set[str]:
    return {template.format(part) for part in PARTS}
