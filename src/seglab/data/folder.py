"""Your own pictures: images/ and masks/ with equal names, and optional lists beside them.

- Masks may also lie in ground_truth/ or gt/.
- train.txt, val.txt and test.txt, one name a line, are the published split and must name each
  picture once; without them the split is drawn with seed 0.
- groups.csv with the columns image and group names the scene of each picture and so makes
  split=grouped possible.
"""

import csv
import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path

from seglab.data.decode import FORMATS
from seglab.data.names import name_faults, name_of
from seglab.data.pairs import Found, Pair, locate, pictures_in
from seglab.data.splits import PARTS, PartName, grouped_split, seeded_split

MASK_FOLDERS = ("masks", "ground_truth", "gt")


def find(source: Path, title: str = "") -> Found:
    """The pictures of a folder by name, with all that is wrong with files, names and lists."""
    root = locate(
        source,
        lambda folder: (folder / "images").is_dir() and _masks(folder).is_dir(),
        f"images/ and masks/ (or {'/, '.join(MASK_FOLDERS[1:])}/) side by side",
    )
    images, image_faults = pictures_in(root / "images")
    masks, mask_faults = pictures_in(_masks(root))
    published, list_faults = _published(root, images)
    groups, group_faults = _groups(root, images)
    sizes = Counter(published.values())
    grouped = grouped_split(groups, (sizes["train"], sizes["val"], sizes["test"]))
    return Found(
        title or f"folder/{source.resolve().name}",
        [Pair(name, path, masks[name]) for name, path in images.items() if name in masks],
        published,
        groups,
        grouped,
        [
            *image_faults,
            *mask_faults,
            *name_faults([*images, *(name for name in masks if name not in images)]),
            *(f"{path} has no mask" for name, path in images.items() if name not in masks),
            *(f"{path} has no image" for name, path in masks.items() if name not in images),
            *list_faults,
            *group_faults,
            *(_empty_parts("the published split", published) if not list_faults else ()),
            *(_empty_parts("the split by groups.csv", grouped) if groups else ()),
        ],
    )


def _masks(root: Path) -> Path:
    return next((root / name for name in MASK_FOLDERS if (root / name).is_dir()), root / "masks")


def _published(root: Path, names: Collection[str]) -> tuple[dict[str, PartName], list[str]]:
    """The part of each picture by the lists, or drawn where there are none; and faults."""
    lists = {part: root / f"{part}.txt" for part in PARTS}
    if not any(path.exists() for path in lists.values()):
        return seeded_split(list(names)), []
    published: dict[str, PartName] = {}
    faults = []
    for part, path in lists.items():
        if not path.exists():
            faults.append(f"{path} is missing, though other lists of the split are there")
            continue
        for line in _text(path).splitlines():
            if not (name := _name(line, names)):
                continue
            if name in published:
                faults.append(f"{path} names {name!r}, which is in {published[name]}.txt already")
            elif name not in names:
                faults.append(f"{path} names {name!r}, which is not in {root / 'images'}")
            else:
                published[name] = part
    faults += [f"{name!r} is in none of the lists" for name in names if name not in published]
    return published, faults


def _groups(root: Path, names: Collection[str]) -> tuple[dict[str, str], list[str]]:
    """The scene of each picture by groups.csv, empty where there is none; and faults."""
    path = root / "groups.csv"
    if not path.exists():
        return {}, []
    table = csv.DictReader(_text(path).splitlines())
    if not {"image", "group"} <= set(table.fieldnames or ()):
        return {}, [f"{path} has the columns {table.fieldnames}, not image and group"]
    groups: dict[str, str] = {}
    faults = []
    for row in table:
        name, group = _name(row["image"] or "", names), (row["group"] or "").strip()
        if name in groups:
            faults.append(f"{path} names {name!r} twice")
        elif name not in names:
            faults.append(f"{path} names {name!r}, which is not in {root / 'images'}")
        elif not group:
            faults.append(f"{path} gives {name!r} no group")
        groups.setdefault(name, group)
    faults += [f"{path} does not name {name!r}" for name in names if name not in groups]
    return groups, faults


def _text(path: Path) -> str:
    return path.read_text("utf-8-sig", errors="replace")


def _name(text: str, names: Collection[str]) -> str:
    """The picture that a line of a list means, be it with or without the file's extension."""
    name = unicodedata.normalize("NFC", text.strip())
    path = Path(name)
    return name_of(path) if name not in names and path.suffix.lower() in FORMATS else name


def _empty_parts(split: str, part_of: Mapping[str, PartName]) -> list[str]:
    empty = [part for part in PARTS if part not in part_of.values()]
    if not empty:
        return []
    return [f"{split} of {len(part_of)} pictures leaves {' and '.join(empty)} without any"]
