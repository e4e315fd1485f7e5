"""Figures of a run: training curves, strips of pictures, sorted coefficients.

Matplotlib's objects are used without pyplot, so that nothing global changes and threads may draw.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import UInt8
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from seglab.data.files import atomic_write
from seglab.evaluation.scores import binarise, count, dice, iou

# Okabe and Ito (2008): told apart by colour-blind readers, and in grey by their lightness.
BLUE, VERMILLION, GREEN, ORANGE, SKY, PURPLE = (
    "#0072B2", "#D55E00", "#009E73", "#E69F00", "#56B4E9", "#CC79A7",
)  # fmt: skip
INK, FRAME = "#222222", "#999999"
THRESHOLD_COLOURS = (SKY, INK, ORANGE, GREEN, PURPLE, BLUE, VERMILLION)
CURVES = {
    "loss": "binary cross-entropy",
    "iou": "intersection over union",
    "dice": "Dice similarity coefficient",
}
DOTS_PER_INCH = 150
LONGEST_SIDE = 800
"""Pixels that a drawn picture keeps; a panel has no more dots anyway."""


def training_curves(history: Sequence[Mapping[str, float]]) -> Figure:
    """Loss, IoU and Dice of training and validation over the epochs, with the best epoch marked.

    ``history`` holds one mapping an epoch with ``train/loss``, ``val/loss``, ``train/iou`` and so
    on; the best epoch is the one with the lowest validation loss, whose checkpoint is evaluated.
    """
    epochs = np.arange(1, len(history) + 1)
    best = int(np.argmin([metrics["val/loss"] for metrics in history]))
    figure = Figure(figsize=(10.5, 3.2), layout=ConstrainedLayoutEngine(w_pad=0.1))
    for axes, (score, label) in zip(figure.subplots(1, len(CURVES)), CURVES.items(), strict=True):
        for part, colour, style in (("train", BLUE, "--"), ("val", VERMILLION, "-")):
            values = [metrics[f"{part}/{score}"] for metrics in history]
            marker = "." if len(history) == 1 else ""
            axes.plot(epochs, values, style, color=colour, marker=marker, label=part)
            if part == "val":
                at = f"best epoch {epochs[best]}: {values[best]:.3g}"
                axes.plot(epochs[best], values[best], "o", color=colour, label=at, zorder=3)
        axes.axvline(float(epochs[best]), color=FRAME, linewidth=0.8, linestyle=":", zorder=0)
        axes.set_ylim(0, None if score == "loss" else 1)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        label_axes(axes, "epoch", label)
        axes.legend(frameon=False, fontsize=8)
    return figure


def strip(
    title: str,
    image: UInt8[np.ndarray, "h w 3"],
    truth: UInt8[np.ndarray, "h w"],
    saliency: UInt8[np.ndarray, "h w"] | None,
    probability: UInt8[np.ndarray, "h w"],
    thresholds: Sequence[float],
) -> Figure:
    """Image, truth, saliency map if any, probability, and the mask at each threshold, in a row.

    A mask shows hits in white, false alarms and misses in colours, and carries its IoU and Dice.
    Saliency maps are mostly near black and drawn with gamma ½.
    """
    panels: list[tuple[str, np.ndarray, dict[str, Any]]] = [
        ("image", thumbnail(image), {}),
        ("ground truth", thumbnail(truth * np.uint8(255)), {"vmin": 0, "vmax": 255}),
    ]
    if saliency is not None:
        norm = PowerNorm(0.5, vmin=0, vmax=255)
        panels.append(("saliency map (γ = ½)", thumbnail(saliency), {"norm": norm}))
    panels.append(("prediction", thumbnail(probability), {"vmin": 0, "vmax": 255}))
    for threshold in thresholds:
        mask = binarise(probability, threshold)
        counts = count(mask, truth)
        label = f"p ≥ {threshold:g}\nIoU {iou(counts):.3f}  Dice {dice(counts):.3f}"
        panels.append((label, thumbnail(errors_coloured(mask, truth)), {}))

    side = 2.0
    height, width = truth.shape
    figure = Figure((side * len(panels), side * height / width + 1.05), layout="constrained")
    figure.suptitle(title, color=INK)
    for axes, (label, pixels, options) in zip(figure.subplots(1, len(panels)), panels, strict=True):
        axes.imshow(pixels, cmap="gray", **options)
        axes.set_title(label, fontsize=9, color=INK)
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_color(FRAME)
    keys = [("hit", "white"), ("false alarm", VERMILLION), ("miss", SKY)]
    figure.legend(
        handles=[Patch(facecolor=colour, edgecolor=FRAME, label=key) for key, colour in keys],
        loc="outside lower right",
        ncols=len(keys),
        frameon=False,
        fontsize=9,
    )
    return figure


def sorted_coefficients(rows: pd.DataFrame, part: str) -> Figure:
    """IoU (solid) and Dice (dashed) of a part's pictures, each sorted ascending, per threshold."""
    rows = rows[rows["part"] == part]
    figure = Figure(figsize=(6.5, 4.2), layout="constrained")
    axes = figure.subplots()
    handles = []
    by_threshold = rows.groupby("threshold")
    for colour, (threshold, group) in zip(
        THRESHOLD_COLOURS * len(by_threshold), by_threshold, strict=False
    ):
        pictures = np.arange(1, len(group) + 1)
        for score, style in (("iou", "o-"), ("dice", "s--")):
            axes.plot(pictures, np.sort(group[score]), style, color=colour, markersize=3.5)
        handles.append(Line2D([], [], color=colour, label=f"p ≥ {threshold:g}"))
    grey = partial(Line2D, [], [], color=FRAME, markersize=3.5)
    handles += [grey(marker="o", label="IoU"), grey(marker="s", linestyle="--", label="Dice")]
    axes.legend(handles=handles, frameon=False, fontsize=9)
    axes.set_ylim(-0.02, 1.02)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    label_axes(axes, "pictures, sorted by the coefficient", "coefficient")
    axes.set_title(f"IoU and Dice coefficients ({part})", color=INK)
    return figure


def save_figure(figure: Figure, path: Path) -> None:
    """Writes ``figure`` to ``path`` as PNG."""
    atomic_write(path, lambda file: figure.savefig(file, format="png", dpi=DOTS_PER_INCH))


def errors_coloured(
    mask: np.ndarray, truth: UInt8[np.ndarray, "h w"]
) -> UInt8[np.ndarray, "h w 3"]:
    """Hits in white, false alarms in vermillion, misses in sky blue, the rest in black."""
    # Indexed by 2·predicted + true.
    palette = np.array([(0, 0, 0), rgb(SKY), rgb(VERMILLION), (255, 255, 255)], np.uint8)
    coloured: UInt8[np.ndarray, "h w 3"] = palette[2 * mask.astype(np.uint8) + truth]
    return coloured


def rgb(colour: str) -> tuple[int, ...]:
    """The three channels of ``#rrggbb``."""
    return tuple(bytes.fromhex(colour[1:]))


def thumbnail(picture: UInt8[np.ndarray, "h w *c"]) -> UInt8[np.ndarray, "h2 w2 *c"]:
    """``picture`` shrunk to about ``LONGEST_SIDE`` pixels by averaging whole blocks."""
    factor = max(picture.shape[:2]) // LONGEST_SIDE
    if factor < 2:
        return picture
    height, width = (side // factor for side in picture.shape[:2])
    kept = picture[: height * factor, : width * factor]
    channels = picture.shape[2:]
    # Whole rows are added up first, as they lie in memory; 4 times as fast as one mean over blocks.
    rows = kept.reshape(height, factor, width * factor, *channels).sum(1, dtype=np.uint32)
    sums = rows.reshape(height, width, factor, *channels).sum(2)
    small: UInt8[np.ndarray, "h2 w2 *c"] = (sums // factor**2).astype(np.uint8)
    return small


def label_axes(axes: Axes, x: str, y: str) -> None:
    """Labels and the house's plain frame."""
    axes.set_xlabel(x, color=INK)
    axes.set_ylabel(y, color=INK)
    axes.grid(color="#e6e6e6", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(FRAME)
    axes.tick_params(colors=INK, labelsize=8)
