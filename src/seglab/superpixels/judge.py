"""Superpixels of many pictures, judged: one row a picture, input, method and weight."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np
import pandas as pd
from jaxtyping import Int, UInt8, UInt16
from tqdm import tqdm

from seglab.data.decode import read_image, write_png
from seglab.data.processes import processors, spread
from seglab.errors import ConfigError, DataError
from seglab.superpixels.config import SuperpixelsConfig
from seglab.superpixels.metrics import annotation, score_row
from seglab.superpixels.outlines import outlined
from seglab.superpixels.segment import segment, weights_of

Outputs: TypeAlias = Callable[[str], UInt8[np.ndarray, "h w 3"]]
PHOTO, NETWORK = "photo", "network"
"""The inputs: the picture itself, and what a network made of it."""
POINT = ["input", "method", "weight"]
"""What makes one point of a figure, when pictures are reduced."""
MOST_STORED = int(np.iinfo(np.uint16).max)
"""The highest label that is stored."""


class Pictures(Protocol):
    """What is segmented: a prepared data set, or files."""

    def image(self, name: str) -> UInt8[np.ndarray, "h w 3"]:
        """The picture ``name``."""

    def segments(self, name: str) -> UInt16[np.ndarray, "n h w"]:
        """Its label maps, one an annotator; n may be 0."""


@dataclass(frozen=True)
class Files:
    """Picture files by name, without annotators."""

    paths: Mapping[str, Path]

    def image(self, name: str) -> UInt8[np.ndarray, "h w 3"]:
        """The picture ``name``, read anew."""
        return read_image(self.paths[name])

    def segments(self, name: str) -> UInt16[np.ndarray, "n h w"]:
        """None."""
        return np.empty((0, 1, 1), np.uint16)


@dataclass(frozen=True)
class Judge:
    """Judges a picture by its part and name; can be pickled, to do so in other processes."""

    config: SuperpixelsConfig
    pictures: Pictures
    outputs: Mapping[str, Outputs] = field(default_factory=dict)
    """What is segmented beside the photo, by the name of the input."""
    folder: Path | None = None
    """Where labels and boundaries are kept, if they are."""

    def __call__(self, picture: tuple[str, str]) -> list[dict[str, Any]]:
        """The rows of ``picture``, (part, name)."""
        part, name = picture
        config = self.config
        inputs = self.inputs(name)
        truths = [annotation(each) for each in self.pictures.segments(name)]
        rows = []
        for source, image in inputs.items():
            for method, weight in points(config):
                seconds, labels = timed(method, image, config.superpixels, weight, config.update)
                rows.append(
                    {
                        "image": name,
                        "part": part,
                        "input": source,
                        "method": method,
                        "weight": weight,
                        "update": config.update if method == "eikonal" else None,
                        "asked": config.superpixels,
                        # Superpixels of the network's output are judged on the photo too.
                        **score_row(labels, inputs[PHOTO], truths),
                        "seconds": seconds,
                    }
                )
                if self.folder is not None:
                    keep(self.folder, place(source, method, weight, name), image, labels)
        return rows

    def inputs(self, name: str) -> dict[str, UInt8[np.ndarray, "h w 3"]]:
        """What is segmented of a picture: always the photo, so that a curve has it beside it."""
        outputs = {source: np.array(output(name)) for source, output in self.outputs.items()}
        return {PHOTO: np.array(self.pictures.image(name))} | outputs


def judge(
    config: SuperpixelsConfig,
    pictures: Pictures,
    names_by_part: Mapping[str, Sequence[str]],
    outputs: Mapping[str, Outputs] | None = None,
    folder: Path | None = None,
) -> pd.DataFrame:
    """One row a picture × input × method × weight.

    Columns are image, part, input (photo, or a name of one of the ``outputs``), method, weight
    (NaN where the method has none), update (None for other methods than eikonal), asked (number of
    superpixels), the scores of ``metrics.score_row`` on the photo, which begin with how many
    superpixels came out, and seconds of the segmentation alone. Each of ``outputs`` is called once
    a picture, in whichever process judges it. Below ``folder``, if given, it keeps
    ``labels/<input>/<method>/<name>.png`` (16 bits) and ``boundaries/…`` drawn into the input.
    """
    items = [(part, name) for part, names in names_by_part.items() for name in names]
    work = Judge(config, pictures, outputs or {}, folder)
    done = spread(work, items, config.workers or processors())
    bar = tqdm(done, "judging superpixels", len(items), unit="picture")
    frame = pd.DataFrame([row for rows in bar for row in rows])
    return frame.astype({"weight": float, "update": "boolean"})


def points(config: SuperpixelsConfig) -> list[tuple[str, float | None]]:
    """Each method with each of its weights."""
    return [(m, weight) for m in config.method for weight in weights_of(m, config.color_weight)]


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Means over pictures, one row an input × method × weight, in the order of the sweep.

    ``superpixels`` is then the mean number that came out, ``pictures`` of how many pictures.
    """
    groups = rows.groupby(POINT, sort=False, dropna=False)
    means = groups[list(scores_of(rows))].mean()
    first = groups[["update", "asked"]].first().assign(pictures=groups.size())
    return first.join(means).reset_index()


def recall_at(curve: pd.DataFrame, compactness: float) -> float:
    """Boundary recall at ``compactness`` by the rim, linear between the points of a ``summary``.

    Raises ``ConfigError`` where the points do not reach as far.
    """
    points = curve.sort_values("compactness_pixels")
    low, *_, high = points["compactness_pixels"]
    if not low <= compactness <= high:
        raise ConfigError(
            f"--compactness={compactness} lies outside {low:.3f} … {high:.3f}, which these "
            "superpixels reach: take one within"
        )
    return float(np.interp(compactness, points["compactness_pixels"], points["boundary_recall"]))


def scores_of(rows: pd.DataFrame) -> list[str]:
    """The columns that are averaged."""
    return list(rows.columns[list(rows.columns).index("superpixels") :])


def timed(
    method: str, image: UInt8[np.ndarray, "h w 3"], *rest: Any
) -> tuple[float, Int[np.ndarray, "h w"]]:
    """Seconds that ``segment`` took, and its labels."""
    ready(method)
    started = time.perf_counter()
    labels = segment(method, image, *rest)
    return time.perf_counter() - started, labels


@cache
def ready(method: str) -> None:
    """Has a method compiled and loaded, once a process, so that no picture's seconds hold it."""
    noise = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    segment(method, noise, 4, 1.0 if method == "eikonal" else None, True)


def place(source: str, method: str, weight: float | None, name: str) -> str:
    """Where the labels of a picture lie below ``labels`` and ``boundaries``."""
    point = method if weight is None else f"{method}_{weight:g}"
    return f"{source}/{point}/{name}.png"


def keep(
    folder: Path,
    path: str,
    image: UInt8[np.ndarray, "h w 3"],
    labels: Int[np.ndarray, "h w"],
) -> None:
    """Writes labels in 16 bits (see ``config.MOST_LABELS``), and ``image`` with boundaries.

    Raises ``DataError`` where a method found more superpixels than these can number.
    """
    if labels.max() > MOST_STORED:
        raise DataError(
            f"{int(labels.max()) + 1} superpixels were found in {path}, but labels are stored in "
            f"16 bits, which hold {MOST_STORED + 1}: ask for fewer --superpixels, or leave this "
            "one out of --method"
        )
    write_png(folder / "labels" / path, labels.astype(np.uint16))
    write_png(folder / "boundaries" / path, outlined(image, labels))
