"""An opened, prepared data set: which pictures it has, who trains, and their pixels."""

import json
import shlex
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
import pyarrow as pa
from jaxtyping import UInt8, UInt16

from seglab.data.config import SplitName
from seglab.data.files import atomic_write, digest_of
from seglab.data.names import name_faults
from seglab.data.shared import fetch
from seglab.data.splits import PARTS, PartName
from seglab.data.store import Reader, view
from seglab.data.truth import Segment
from seglab.errors import RUN, DataError, all_faults, choose

VERSION = 2
"""Of the files of a prepared data set; raised when one changes its meaning."""
MANIFEST = "manifest.json"
PIXELS = "pictures.arrow"
SEGMENTS = "segments.parquet"
"""Only where pictures carry segments."""
SEGMENT_COLUMNS = ["image", *Segment._fields]


@dataclass(frozen=True)
class Picture:
    """One picture with its mask or segments: size in pixels, digests, scene and parts."""

    name: str
    height: int
    width: int
    image_digest: str
    truth_digest: str
    """Of the mask, or of the label maps and their segments."""
    group: str
    """The scene it shows; empty where the data set names none."""
    published: PartName
    grouped: PartName | Literal[""]
    """The part under split=grouped; empty where the data set names no scenes."""
    annotations: int = 0
    """Number of label maps; 0 where the picture carries a mask."""


@dataclass(frozen=True)
class PictureSet:
    """A prepared data set; can be pickled, and read in forked and spawned workers."""

    dataset: str
    title: str
    """As tables print it: sample, icoseg/subset_80, inria_aerial/subset_chicago, folder/<name>."""
    folder: Path
    digest: str
    """Of all names, pixels, scenes and parts."""
    pictures: tuple[Picture, ...]
    """In the order in which the data set was published."""
    source: str
    """What it was prepared from."""

    def __getitem__(self, name: str) -> Picture:
        return self.pictures[self._index[name]]

    def image(self, name: str) -> UInt8[np.ndarray, "h w 3"]:
        """The RGB picture ``name``: a read-only view of the memory map."""
        picture = self[name]
        return view(self._batch(name), "image", (picture.height, picture.width, 3), np.uint8)

    def mask(self, name: str) -> UInt8[np.ndarray, "h w"]:
        """The mask of ``name``, 1 on the object and 0 elsewhere: a view of the memory map.

        Raises ``DataError`` where pictures carry segments.
        """
        picture = self[name]
        if picture.annotations:
            raise DataError(
                f"{self.title} has segments and no masks: let a network learn superpixels painted "
                f"along them (`{RUN} -e targets -P dataset={self.dataset}`), or name a data "
                "set with masks"
            )
        return view(self._batch(name), "truth", (picture.height, picture.width), np.uint8)

    def segments(self, name: str) -> UInt16[np.ndarray, "n h w"]:
        """The label maps of ``name``, one an annotator, 0 being void: a view of the memory map.

        A mask is one label map, and a copy.
        """
        picture = self[name]
        if not picture.annotations:
            return self.mask(name)[np.newaxis].astype(np.uint16)
        shape = (picture.annotations, picture.height, picture.width)
        return view(self._batch(name), "truth", shape, np.uint16)

    def segment_rows(self) -> pd.DataFrame:
        """One row a segment: image, then columns as in ``truth.Segment``; none for masks."""
        path = self.folder / SEGMENTS
        return pd.read_parquet(path) if self.annotated else segment_frame([])

    @property
    def annotated(self) -> bool:
        """Whether pictures carry segments, not masks."""
        return any(picture.annotations for picture in self.pictures)

    def names(self, split: str, part: str, most: int = 0) -> list[str]:
        """Names of the pictures in ``part`` of ``split``, in published order.

        At most ``most`` of them, spread evenly over the part; 0 takes all. Raises ``DataError`` for
        split=grouped where the data set names no scenes.
        """
        choose(split, "split", get_args(SplitName))
        choose(part, "part", PARTS)
        if split == "grouped" and not all(picture.grouped for picture in self.pictures):
            raise DataError(
                f"{self.title} names no scenes, so split=grouped is not possible: use "
                "split=published, or for a folder of your own add a groups.csv (image,group) and "
                "prepare again"
            )
        names = [picture.name for picture in self.pictures if getattr(picture, split) == part]
        if most and len(names) > most:
            names = [names[i] for i in np.linspace(0, len(names) - 1, most).round().astype(int)]
        return names

    def frame(self) -> pd.DataFrame:
        """One row a picture, columns as in ``Picture``."""
        return pd.DataFrame([asdict(picture) for picture in self.pictures])

    @cached_property
    def _index(self) -> dict[str, int]:
        return {picture.name: index for index, picture in enumerate(self.pictures)}

    @cached_property
    def _reader(self) -> Reader:
        return Reader(self.folder / PIXELS)

    def _batch(self, name: str) -> Any:
        batch = self._reader.batch(self._index[name])
        stored = {key: batch.column(key)[0].as_py() for key in ("image_digest", "truth_digest")}
        if any(value != getattr(self[name], key) for key, value in stored.items()):
            raise DataError(
                f"{self._reader.path} was prepared anew while {self.title} was in use: start again"
            )
        return batch


def digest_of_pictures(title: str, pictures: Sequence[Picture]) -> str:
    """Digest of a data set: of all that tells one prepared data set from another."""
    return digest_of(
        title,
        *(
            str(value)
            for picture in pictures
            for key, value in asdict(picture).items()
            if key != "annotations"  # which the digest of the label maps covers
        ),
    )


def segment_frame(rows: Sequence[tuple[str, Segment]]) -> pd.DataFrame:
    """The table of segments, of (name of the picture, segment)."""
    return pd.DataFrame([(name, *segment) for name, segment in rows], columns=SEGMENT_COLUMNS)


def write_manifest(pictures: PictureSet) -> None:
    """Makes a prepared folder one that opens; to be written last."""
    text = json.dumps(
        {
            "version": VERSION,
            "dataset": pictures.dataset,
            "title": pictures.title,
            "source": pictures.source,
            "digest": pictures.digest,
            "pictures": [asdict(picture) for picture in pictures.pictures],
        },
        indent=1,
        ensure_ascii=False,
    )
    atomic_write(
        pictures.folder / MANIFEST, lambda file: file.write(text.encode(errors="backslashreplace"))
    )


def open_pictures(data_dir: str, dataset: str) -> PictureSet:
    """The prepared data set ``dataset`` in ``data_dir``.

    Raises ``DataError`` with the command that prepares it when it is missing, was only half
    prepared or was written by another version of seglab.
    """
    folder = fetch(data_dir, dataset, lambda path: len(path.parts) == 1)
    path = folder / MANIFEST
    for file in (path, folder / PIXELS):
        if not file.exists():
            raise _unprepared(dataset, data_dir, f"{file} does not exist")
    try:
        manifest = json.loads(path.read_bytes())
        if manifest["version"] != VERSION:
            raise _unprepared(dataset, data_dir, f"{path} is of another version of seglab")
        pictures = PictureSet(
            dataset=manifest["dataset"],
            title=manifest["title"],
            folder=folder,
            digest=manifest["digest"],
            pictures=tuple(Picture(**picture) for picture in manifest["pictures"]),
            source=manifest["source"],
        )
        stored = Reader(folder / PIXELS).count()
    except (ValueError, KeyError, TypeError, pa.ArrowException) as error:
        raise _unprepared(dataset, data_dir, f"{folder} is damaged ({error})") from error
    # What was prepared before more names were refused stays of use.
    if faults := name_faults((picture.name for picture in pictures.pictures), logged=False):
        raise DataError(
            all_faults(
                f"{path} names pictures that are no safe file names",
                faults,
                "Prepare the data set again; it was not prepared by seglab, or is damaged.",
            )
        )
    if pictures.annotated and not (folder / SEGMENTS).exists():
        raise _unprepared(dataset, data_dir, f"{folder / SEGMENTS} does not exist")
    if stored != len(pictures.pictures):
        raise _unprepared(dataset, data_dir, f"{folder / PIXELS} holds {stored} pictures")
    return pictures


def _unprepared(dataset: str, data_dir: str, reason: str) -> DataError:
    command = f"{RUN} -e prepare -P dataset={dataset}"
    if data_dir != "data":
        command += f" -P {shlex.quote(f'data_dir={data_dir}')}"
    if dataset != "sample":
        command += " -P source=<folder, archive or s3:// prefix>"
    return DataError(f"data set {dataset!r} is not prepared: {reason}; run `{command}`")
