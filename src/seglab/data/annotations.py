"""COCO's annotation files: JSON → the segments of a picture, as one label map.

Format: cocodataset.org, "Data format". A void pixel is of no segment or of a crowd region
(iscrowd = 1). Segments are numbered from 1 as they first occur, row by row.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import UInt32

from seglab.data.decode import read_image
from seglab.data.outlines import drawn
from seglab.data.truth import Segment, Truth
from seglab.errors import DataError

KEPT = {
    *("images", "id", "file_name", "height", "width"),
    *("categories", "name", "isthing"),
    *("annotations", "image_id", "category_id", "iscrowd", "segmentation", "counts", "size"),
    "segments_info",
}
"""Keys of the JSON's objects that are used; the others are dropped while it is read."""


class Category(NamedTuple):
    """A class of segments."""

    name: str
    thing: bool


class Entry(NamedTuple):
    """What an annotation file has of an image."""

    size: tuple[int, int]
    """Height and width in pixels."""
    annotations: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Annotations:
    """An annotation file."""

    path: Path
    images: Mapping[str, Entry]
    """By name, which is the file's without extension."""
    categories: Mapping[int, Category]


def load(path: Path) -> Annotations:
    """The annotation file ``path``; raises ``DataError`` if it is missing or damaged."""
    try:
        with path.open("rb") as file:
            data = json.load(file, object_hook=_slim)
        of = defaultdict(list)
        for annotation in data["annotations"]:
            of[annotation["image_id"]].append(annotation)
        return Annotations(
            path,
            {
                Path(image["file_name"]).stem: Entry(
                    (int(image["height"]), int(image["width"])), of[image["id"]]
                )
                for image in data["images"]
            },
            {
                # Instances are things all, and their categories do not say so.
                each["id"]: Category(each["name"], bool(each.get("isthing", True)))
                for each in data["categories"]
            },
        )
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); fetch it") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path} is no COCO annotation file, or damaged: {error!r}") from error


def draw_instances(
    path: Path,
    size: tuple[int, int],
    instances: Sequence[Mapping[str, Any]],
    categories: Mapping[int, Category],
) -> Truth:
    """Polygons and run lengths drawn into a picture of ``size``: the smaller lies on top.

    Raises ``DataError`` naming ``path``, which they are from, and each that is damaged.
    """
    shapes, known, faults = {}, {}, []
    for number, instance in enumerate(instances, start=1):
        try:
            shapes[number] = drawn(instance["segmentation"], *size)
            known[number] = _described(instance, categories)
        except (ValueError, KeyError, TypeError) as error:
            reason = error if isinstance(error, ValueError) else repr(error)
            faults.append(f"annotation {instance.get('id')} is damaged: {reason}")
    if faults:
        raise DataError(f"{path}: {'; '.join(faults)}")
    ids = np.zeros(size, np.uint32)
    for number in sorted(shapes, key=lambda number: -np.count_nonzero(shapes[number])):
        ids[shapes[number]] = number
    return _numbered(ids, known)


def read_panoptic(
    path: Path, annotation: Mapping[str, Any], categories: Mapping[int, Category]
) -> Truth:
    """The panoptic PNG ``path``, whose ids are R + 256·G + 65536·B.

    Raises ``DataError`` if it is damaged or its ids are not those of ``annotation``.
    """
    red, green, blue = np.moveaxis(read_image(path).astype(np.uint32), -1, 0)
    try:
        known = {
            segment["id"]: _described(segment, categories)
            for segment in annotation["segments_info"]
        }
    except (KeyError, TypeError) as error:
        raise DataError(f"the segments_info of {path} is damaged: {error!r}") from error
    return _numbered(red | green << 8 | blue << 16, known, str(path))


def _numbered(
    ids: UInt32[np.ndarray, "h w"], known: Mapping[int, tuple[Category, bool]], source: str = ""
) -> Truth:
    """One label map of ``ids`` (0 is void) and its segments, each a category and whether crowd."""
    codes, found = pd.factorize(ids.ravel())
    if source and (strange := {*found.tolist(), 0} ^ {*known, 0}):
        some = ", ".join(map(str, sorted(strange)[:5]))
        raise DataError(f"{source} and its segments_info do not have the same ids: {some}")
    numbers = np.zeros(len(found), np.uint16)
    segments = []
    last = 0
    for code, (id_, area) in enumerate(zip(found.tolist(), np.bincount(codes), strict=True)):
        if id_ == 0:
            continue
        category, crowd = known[id_]
        if not crowd:
            numbers[code] = last = last + 1
        number = int(numbers[code])
        segments.append(Segment(0, number, category.name, int(area), category.thing, crowd))
    return Truth(numbers[codes].reshape(1, *ids.shape), tuple(segments))


def _described(
    annotation: Mapping[str, Any], categories: Mapping[int, Category]
) -> tuple[Category, bool]:
    return categories[annotation["category_id"]], bool(annotation.get("iscrowd", 0))


def _slim(entry: dict[str, Any]) -> dict[str, Any]:
    """An object of the JSON with what is used, polygons as arrays: a quarter of their memory."""
    kept = {key: value for key, value in entry.items() if key in KEPT}
    if isinstance(polygons := kept.get("segmentation"), list):
        kept["segmentation"] = [_coordinates(polygon) for polygon in polygons]
    return kept


def _coordinates(polygon: Any) -> Any:
    """An array of numbers; anything else stays as it is, and is refused when it is drawn."""
    if isinstance(polygon, list) and all(isinstance(value, int | float) for value in polygon):
        return np.array(polygon, np.float64)
    return polygon
