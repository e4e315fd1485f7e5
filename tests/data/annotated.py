"""COCO and BSDS500 in small, laid out as their authors publish them."""

import json
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.io import savemat

CATEGORIES = [
    {"id": 1, "name": "person", "isthing": 1},
    {"id": 3, "name": "car", "isthing": 1},
    {"id": 200, "name": "sky", "isthing": 0},
]
HEIGHT, WIDTH = 8, 10
NAMES = {"train": ["000000000001", "000000000002"], "val": ["000000000003"]}
SMALL = [2, 2, 4, 2, 4, 4, 2, 4]
LARGE = [1, 1, 7, 1, 7, 7, 1, 7]
INSTANCES = [
    {"id": 7, "image_id": 1, "category_id": 3, "iscrowd": 0, "segmentation": [SMALL]},
    {"id": 8, "image_id": 1, "category_id": 1, "iscrowd": 0, "segmentation": [LARGE]},
    {
        "id": 9,
        "image_id": 1,
        "category_id": 1,
        "iscrowd": 1,
        # The last column, top to bottom.
        "segmentation": {"size": [HEIGHT, WIDTH], "counts": [72, 8]},
    },
]
"""Of the first picture; the others have none."""
INSTANCE_MAP = np.zeros((HEIGHT, WIDTH), np.uint16)
INSTANCE_MAP[1:7, 1:7] = 1
INSTANCE_MAP[2:4, 2:4] = 2
PANOPTIC_IDS = {258: (2, 1, 0), 65536: (0, 0, 1), 7: (7, 0, 0)}
"""Of the sky, a person and a crowd of cars; id = R + 256·G + 65536·B."""
SEGMENTS_INFO = [
    {"id": 7, "category_id": 3, "iscrowd": 1},
    {"id": 258, "category_id": 200, "iscrowd": 0},
    {"id": 65536, "category_id": 1, "iscrowd": 0},
]
PANOPTIC_MAP = np.zeros((HEIGHT, WIDTH), np.uint16)
PANOPTIC_MAP[1:4] = 1
PANOPTIC_MAP[4:6] = 2
"""The first row is void, the last two are of the crowd."""


def write_images(root: Path) -> None:
    """JPEG files of both parts; the second of train is grey."""
    for part, names in NAMES.items():
        folder = root / f"{part}2017"
        folder.mkdir(parents=True)
        for name in names:
            image = Image.effect_noise((WIDTH, HEIGHT), 50)
            image.convert("L" if name == "000000000002" else "RGB").save(folder / f"{name}.jpg")


def write_json(root: Path, kind: str, part: str, annotations: list[dict]) -> Path:
    """annotations/<kind>_<part>2017.json; it also names a picture that is not on disk."""
    images = [
        {"id": int(name), "file_name": f"{name}.jpg", "height": HEIGHT, "width": WIDTH}
        for name in [*NAMES[part], "000000000099"]
    ]
    path = root / "annotations" / f"{kind}_{part}2017.json"
    path.parent.mkdir(exist_ok=True)
    text = {"info": {"year": 2017}, "images": images, "annotations": annotations}
    path.write_text(json.dumps(text | {"categories": CATEGORIES}))
    return path


def make_instances(root: Path, annotations: list[dict] = INSTANCES) -> None:
    """COCO with polygons and run lengths."""
    write_images(root)
    write_json(root, "instances", "train", annotations)
    write_json(root, "instances", "val", [])


def make_panoptic(root: Path, below: str = "annotations") -> None:
    """COCO with panoptic PNGs, all alike, and instances beside them."""
    make_instances(root)
    pixels = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    for id_, rows in ((258, slice(1, 4)), (65536, slice(4, 6)), (7, slice(6, 8))):
        pixels[rows] = PANOPTIC_IDS[id_]
    for part, names in NAMES.items():
        folder = root / below / f"panoptic_{part}2017"
        folder.mkdir(parents=True)
        for name in names:
            Image.fromarray(pixels).save(folder / f"{name}.png")
        entries = [
            {"image_id": int(name), "file_name": f"{name}.png", "segments_info": SEGMENTS_INFO}
            for name in names
        ]
        write_json(root, "panoptic", part, entries)


def label_maps(people: int) -> np.ndarray:
    """What ``people`` drew on a picture: person k sees k + 1 columns of equal width."""
    columns = np.arange(WIDTH)
    maps = [np.tile(1 + columns * (k + 1) // WIDTH, (HEIGHT, 1)) for k in range(people)]
    return np.array(maps, np.uint16)


def write_mat(path: Path, maps: np.ndarray) -> None:
    """A .mat file as BSDS500 has them: a row of cells, each a struct with boundaries too."""
    cells = np.empty((1, len(maps)), object)
    for index, labels in enumerate(maps):
        cells[0, index] = {"Segmentation": labels, "Boundaries": labels > 1}
    path.parent.mkdir(parents=True, exist_ok=True)
    savemat(path, {"groundTruth": cells})


def make_bsds(root: Path, parts: tuple[str, ...] = ("train", "val", "test")) -> None:
    """Two pictures a part, the first seen by four people and the second by five."""
    for index, part in enumerate(parts):
        for people in (4, 5):
            name = f"{index}{people}"
            (root / "images" / part).mkdir(parents=True, exist_ok=True)
            image = Image.effect_noise((WIDTH, HEIGHT), 50).convert("RGB")
            image.save(root / "images" / part / f"{name}.jpg")
            write_mat(root / "groundTruth" / part / f"{name}.mat", label_maps(people))
        (root / "images" / part / "Thumbs.db").write_bytes(b"as published")
