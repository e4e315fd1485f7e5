"""Scores of a trained network on whole pictures, with all that is worth keeping of them."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from jaxtyping import UInt8
from torch import nn
from tqdm import tqdm

from seglab.data.decode import read_image, write_png
from seglab.data.files import atomic_write
from seglab.data.inputs import Inputs, stack
from seglab.data.pictures import PictureSet
from seglab.evaluation.config import TABLE_THRESHOLD
from seglab.evaluation.figures import sorted_coefficients, strip
from seglab.evaluation.predict import probability_map
from seglab.evaluation.scores import binarise, score_rows
from seglab.figures.style import save_figure
from seglab.networks.memory import keep_freed_memory
from seglab.networks.norm import mixes_batch
from seglab.networks.precision import exact_fp32

Maps = Callable[[str], UInt8[np.ndarray, "h w"]]


def evaluate(
    network: nn.Module,
    pictures: PictureSet,
    names_by_part: Mapping[str, Sequence[str]],
    inputs: Inputs,
    tile: int,
    maps: Maps | None,
    thresholds: Sequence[float],
    pictures_drawn: int,
    folder: Path,
    device: torch.device,
    precision: str,
) -> pd.DataFrame:
    """Scores of every picture at every threshold, one row each (see ``score_rows``).

    Under ``folder`` it writes ``per_image.parquet`` (the rows),
    ``probabilities/<part>/<name>.png`` (255·p), ``masks/<part>/<name>.png`` (0 and 255, at the
    tables' threshold 0.5), ``figures/<part>_sorted.png`` and ``figures/<part>/<name>.png`` of
    ``pictures_drawn`` pictures a part, from the worst to the best.
    """
    keep_freed_memory()
    exact_fp32()
    # A CPU gains nothing from batches, and they must not change what is found in a tile.
    batch_size = 8 if device.type == "cuda" and not mixes_batch(network) else 1
    jobs = [(part, name) for part, names in names_by_part.items() for name in names]
    rows: list[dict[str, object]] = []
    for part, name in tqdm(jobs, desc="evaluating", unit="picture"):
        stacked = stack(inputs, pictures.image(name), maps(name) if maps else None)
        probability = probability_map(network, stacked, tile, device, precision, batch_size)
        rows += score_rows(name, part, probability, pictures.mask(name), thresholds)
        write_png(probability_path(folder, part, name), probability)
        mask = binarise(probability, TABLE_THRESHOLD).astype(np.uint8) * np.uint8(255)
        write_png(folder / "masks" / part / f"{name}.png", mask)
    frame = pd.DataFrame(rows)
    atomic_write(folder / "per_image.parquet", frame.to_parquet)
    for part in names_by_part:
        save_figure(sorted_coefficients(frame, part), folder / "figures" / f"{part}_sorted.png")
        draw(frame, part, pictures, maps, thresholds, pictures_drawn, folder)
    return frame


def summary(rows: pd.DataFrame, prefix: str = "evaluation") -> dict[str, float]:
    """Mean and population standard deviation over pictures, per part, at the tables' threshold.

    Keys are ``evaluation/test/iou``, ``evaluation/test/iou_std``, ``evaluation/test/dice`` and so
    on, with another ``prefix`` if it is given. numpy's std with ddof 0, as the original study
    printed it.
    """
    values = {}
    at_threshold = rows[rows["threshold"] == TABLE_THRESHOLD]
    for part, group in at_threshold.groupby("part", sort=False):
        for score in ("iou", "dice"):
            scores = group[score].to_numpy()
            values[f"{prefix}/{part}/{score}"] = float(np.mean(scores))
            values[f"{prefix}/{part}/{score}_std"] = float(np.std(scores))
    return values


def worst_to_best(rows: pd.DataFrame, part: str) -> list[str]:
    """A part's pictures by ascending IoU at the tables' threshold, equal ones by name."""
    chosen = rows[(rows["part"] == part) & (rows["threshold"] == TABLE_THRESHOLD)]
    return chosen.sort_values(["iou", "image"])["image"].tolist()


def draw(
    rows: pd.DataFrame,
    part: str,
    pictures: PictureSet,
    maps: Maps | None,
    thresholds: Sequence[float],
    number: int,
    folder: Path,
) -> None:
    """Draws ``number`` pictures of a part, spread evenly over its score order, worst and best in.

    The rule leaves no room for picking the nice ones; a single picture is the worst.
    """
    order = worst_to_best(rows, part)
    ranks = np.linspace(0, len(order) - 1, min(number, len(order))).round().astype(int)
    for rank in ranks.tolist():
        name = order[rank]
        figure = strip(
            f"{name} ({part}, {rank + 1} of {len(order)} by ascending IoU)",
            pictures.image(name),
            pictures.mask(name),
            maps(name) if maps else None,
            read_image(probability_path(folder, part, name))[..., 0],
            thresholds,
        )
        save_figure(figure, folder / "figures" / part / f"{name}.png")


def probability_path(folder: Path, part: str, name: str) -> Path:
    """Where a picture's probability map is stored."""
    return folder / "probabilities" / part / f"{name}.png"
