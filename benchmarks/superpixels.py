"""Superpixels of BSDS500 pictures: seglab's eikonal method beside scikit-image and OpenCV.

    PYTHONPATH=src SEGLAB_DATA=<folder with bsds500/> python -m benchmarks.superpixels

Everybody gets the RGB picture and gives labels, on one core, in turn. What has no fixed number of
regions gets its usual parameters; the number that came out stands beside the scores. OpenCV takes
part where opencv-contrib-python (or -headless) is installed. "heap" is the oracle of the tests:
the original study's scheme with full marches over a binary heap.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import sqrt
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import tyro
from jaxtyping import Int, UInt8
from scipy.io import loadmat
from tqdm import tqdm

from benchmarks.measure import Row, alternate, report
from seglab.data.decode import read_image
from seglab.superpixels.baselines import baseline
from seglab.superpixels.eikonal import eikonal
from seglab.superpixels.metrics import score_row
from tests.oracles.heap_marching import eikonal_of_the_study

try:
    import cv2
except ImportError:
    cv2 = None

Image: TypeAlias = UInt8[np.ndarray, "h w 3"]
Labels: TypeAlias = Int[np.ndarray, "h w"]
COLOR_WEIGHT = 7.0
SCORES = ("superpixels", "boundary_recall", "undersegmentation", "compactness")
HELD = SCORES[1:]
"""Scores that must be within 0.003 of the heap's."""


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """Milliseconds a picture and scores of superpixels, over the same BSDS500 pictures."""

    data: str = os.environ.get("SEGLAB_DATA", "")
    """Folder with bsds500/images/train and bsds500/groundTruth/train."""
    pictures: int = 50
    """Pictures, evenly spread over the folder."""
    superpixels: int = 400
    """Regions asked for."""
    rounds: int = 2
    """Runs of each contender on each picture, after one to warm up."""
    output: str = ""
    """JSON file to write; empty prints it."""


def main(benchmark: Benchmark) -> None:
    """Measures and reports."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
    contenders = everybody(benchmark.superpixels)
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    rows: dict[str, list[list[float]]] = {name: [] for name in contenders}
    for path in tqdm(spread_out(benchmark), "pictures"):
        image, truths = read_image(path), annotations(path)
        runs = {name: partial(run, image) for name, run in contenders.items()}
        for name, each in alternate(runs, benchmark.rounds).items():
            seconds[name] += each
        for name, run in contenders.items():
            row = score_row(np.asarray(run(image), np.int32), image, truths)
            rows[name].append([row[score] for score in SCORES])
    table = {name: summary(seconds[name], rows[name]) for name in contenders}
    ours, heap = table["eikonal"], table["heap"]
    what = f"eikonal superpixels, 481×321, K = {benchmark.superpixels}, one core"
    rows_of_page = [Row(what=what, ours=ours["median ms"], unit="ms", most=15)]
    rows_of_page += [
        Row(
            what=what,
            ours=ours["median ms"],
            unit="ms",
            against="binary heap, full re-marches" if name == "heap" else name,
            theirs=row["median ms"],
            most=1,
        )
        for name, row in table.items()
        if name != "eikonal"
    ]
    details = {
        "what": f"{benchmark.pictures} BSDS500 train pictures; color weight {COLOR_WEIGHT:g}, "
        "running mean",
        "opencv": cv2.__version__ if cv2 else "",
        "table": table,
        "eikonal-heap": {score: round(ours[score] - heap[score], 4) for score in HELD},
    }
    report("superpixels", rows_of_page, details, benchmark.output)


def summary(seconds: Sequence[float], rows: Sequence[Sequence[float]]) -> dict[str, Any]:
    """Median and least milliseconds of a contender, and its mean scores."""
    times = np.array(seconds) * 1000
    means = np.mean(rows, axis=0).round(4).tolist()
    clock = {"median ms": round(float(np.median(times)), 2), "least ms": round(times.min(), 2)}
    return clock | dict(zip(SCORES, means, strict=True))


def spread_out(benchmark: Benchmark) -> list[Path]:
    """Files of the pictures."""
    paths = sorted(Path(benchmark.data, "bsds500", "images", "train").glob("*.jpg"))
    if not paths:
        raise SystemExit(f"--data={benchmark.data} has no bsds500/images/train/*.jpg; set it")
    places = np.linspace(0, len(paths) - 1, benchmark.pictures).round().astype(int)
    return [paths[place] for place in places]


def annotations(picture: Path) -> list[Labels]:
    """The label map of every annotator."""
    path = picture.parents[2] / "groundTruth" / "train" / f"{picture.stem}.mat"
    return [each["Segmentation"][0, 0].astype(np.int32) for each in loadmat(path)["groundTruth"][0]]


def everybody(superpixels: int) -> dict[str, Callable[[Image], Labels]]:
    """Contenders by name."""
    ours = {
        "eikonal": lambda image: eikonal(image, superpixels, COLOR_WEIGHT),
        "heap": lambda image: eikonal_of_the_study(image, superpixels, COLOR_WEIGHT, update=True),
    }
    skimage = {
        f"scikit-image {method}": partial(by_skimage, method, superpixels)
        for method in ("slic", "watershed", "compact_watershed", "felzenszwalb")
    }
    if cv2 is None:
        return ours | skimage
    cv2.setNumThreads(1)
    opencv = {
        "OpenCV SEEDS": partial(by_seeds, superpixels),
        "OpenCV SLIC": partial(by_slic, superpixels),
    }
    return ours | skimage | opencv


def by_skimage(method: str, superpixels: int, image: Image) -> Labels:
    """A baseline as the superpixels room offers it."""
    return baseline(method, image, superpixels)


def by_seeds(superpixels: int, image: Image) -> Labels:
    """OpenCV's SEEDS with the parameters of its example, four passes over HSV."""
    height, width = image.shape[:2]
    seeds = cv2.ximgproc.createSuperpixelSEEDS(width, height, 3, superpixels, 4, 2, 5)
    seeds.iterate(cv2.cvtColor(image, cv2.COLOR_RGB2HSV), 4)
    labels: Labels = seeds.getLabels()
    return labels


def by_slic(superpixels: int, image: Image) -> Labels:
    """OpenCV's SLIC on blurred Lab colours, as its documentation advises, regions connected."""
    height, width = image.shape[:2]
    lab = cv2.cvtColor(cv2.GaussianBlur(image, (3, 3), 0), cv2.COLOR_RGB2Lab)
    side = round(sqrt(height * width / superpixels))
    slic = cv2.ximgproc.createSuperpixelSLIC(lab, cv2.ximgproc.SLIC, side)
    slic.iterate()
    slic.enforceLabelConnectivity()
    labels: Labels = slic.getLabels()
    return labels


if __name__ == "__main__":
    main(tyro.cli(Benchmark))
