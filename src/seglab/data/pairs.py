"""Image files and what is known of them, paired by name, before any is read."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from seglab.data.archives import SUFFIXES
from seglab.data.decode import FORMATS
from seglab.data.names import name_faults, name_of
from seglab.data.splits import PartName
from seglab.data.truth import Truth, mask_truth
from seglab.errors import DataError

DEPTH = 3
"""How far below the named folder a data set is looked for: archives wrap theirs in a folder."""


@dataclass(frozen=True)
class Pair:
    """The files of one picture, and how what is known of it is read."""

    name: str
    image: Path
    truth: Path
    """The file of its mask or of its segments."""
    read: Callable[[Path], Truth] = mask_truth
    """Reads ``truth``; raises ``DataError``."""


@dataclass(frozen=True)
class Found:
    """What the folder of a data set holds, and all that is wrong with it so far."""

    title: str
    pairs: Sequence[Pair]
    """In published order."""
    published: Mapping[str, PartName]
    groups: Mapping[str, str] = field(default_factory=dict)
    """The scene of each picture; empty where the data set names none."""
    grouped: Mapping[str, PartName] = field(default_factory=dict)
    faults: Sequence[str] = ()


def locate(source: Path, fits: Callable[[Path], bool], expected: str) -> Path:
    """``source`` or the first folder below it that ``fits``; ``DataError`` if there is none."""
    if not source.is_dir():
        raise DataError(
            f"{source} is neither a folder nor an archive that is unpacked here ("
            f"{', '.join(SUFFIXES)}); extract it, or give the folder it lies in as source"
        )
    level = [source]
    for _ in range(DEPTH + 1):
        for folder in level:
            if fits(folder):
                return folder
        level = [child for folder in level for child in sorted(folder.iterdir()) if child.is_dir()]
    raise DataError(f"{source} holds no {expected}; give the folder that does as source")


def pictures_in(folder: Path) -> tuple[dict[str, Path], list[str]]:
    """Files directly in ``folder`` by picture name, sorted, and what is wrong with the others."""
    found: dict[str, Path] = {}
    faults = []
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            faults.append(f"{path} is a folder; put its pictures directly into {folder}")
        elif path.suffix.lower() in FORMATS:
            if (twin := found.setdefault(name_of(path), path)) != path:
                faults.append(f"{path} and {twin.name} are two files of one picture; keep one")
        elif not path.name.startswith("."):
            faults.append(f"{path} is no picture ({', '.join(FORMATS)}); remove or convert it")
    return found, faults


def jpegs(
    folders: Mapping[PartName, Path],
) -> tuple[dict[str, Path], dict[str, PartName], list[str]]:
    """JPEG files by name, folder by folder and sorted, the part of each, and faults of the names.

    A folder that is missing is an empty part.
    """
    images: dict[str, Path] = {}
    published: dict[str, PartName] = {}
    faults = []
    for part, folder in folders.items():
        # No glob, which takes a folder that cannot be read for an empty one.
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if path.suffix != ".jpg":
                continue
            name = name_of(path)
            if (twin := images.setdefault(name, path)) != path:
                faults.append(f"{path} and {twin} have one name; keep one")
            published.setdefault(name, part)
    if not images:
        faults.append(f"no .jpg is in {' or '.join(map(str, folders.values()))}")
    return images, published, [*faults, *name_faults(images)]


def pick(
    root: Path, images: str, masks: str, groups: Mapping[str, str]
) -> tuple[list[Pair], list[str]]:
    """The pictures that ``groups`` names, wherever below ``root``/images and /masks they lie.

    Where a name occurs twice the file in the folder of its group counts. Returns the pairs in the
    order of ``groups`` and a fault for each file that is missing or not the only one.
    """
    faults = []
    files: dict[str, dict[str, Path]] = {}
    for folder in (root / images, root / masks):
        everywhere = defaultdict(list)
        for path in sorted(folder.rglob("*")):
            if path.suffix.lower() in FORMATS:
                everywhere[name_of(path)].append(path)
        files[folder.name] = {}
        for name, group in groups.items():
            paths = everywhere[name]
            paths = [path for path in paths if path.parent.name == group] or paths
            if len(paths) == 1:
                files[folder.name][name] = paths[0]
            else:
                there = f"{len(paths)} times" if paths else "missing"
                faults.append(f"{name} is {there} in {folder}")
    pairs = [
        Pair(name, files[images][name], files[masks][name])
        for name in groups
        if name in files[images] and name in files[masks]
    ]
    return pairs, faults
