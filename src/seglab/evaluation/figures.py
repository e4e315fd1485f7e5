"""Figures of an evaluation: strips of pictures, sorted coefficients."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from jaxtyping import UInt8
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from seglab.evaluation.scores import binarise, count, dice, iou
from seglab.figures.comparison import draw_sorted
from seglab.figures.style import (
    FRAME,
    INK,
    SKY,
    VERMILLION,
    draw_picture,
    label_axes,
    plain_panels,
    rgb,
    thumbnail,
)


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
    panels: list[tuple[str, np.ndarray, float]] = [
        ("image", thumbnail(image), 1),
        ("ground truth", thumbnail(truth * np.uint8(255)), 1),
    ]
    if saliency is not None:
        panels.append(("saliency map (γ = ½)", thumbnail(saliency), 0.5))
    panels.append(("prediction", thumbnail(probability), 1))
    for threshold in thresholds:
        mask = binarise(probability, threshold)
        counts = count(mask, truth)
        label = f"p ≥ {threshold:g}\nIoU {iou(counts):.3f}  Dice {dice(counts):.3f}"
        panels.append((label, thumbnail(errors_coloured(mask, truth)), 1))

    side, gap, above, below = 2.0, 0.1, 0.75, 0.3  # inches, of a panel, titles and legend
    height, width = truth.shape
    columns = len(panels)
    size = (side + gap) * columns + gap, side * height / width + above + below
    figure = Figure(size)
    figure.suptitle(title, color=INK, y=1 - 0.08 / size[1], va="top")
    for column, (label, pixels, gamma) in enumerate(panels):
        left = gap + (side + gap) * column
        draw_picture(figure, pixels, (left, below, side, side * height / width), gamma)
        middle, top = (left + side / 2) / size[0], 1 - (above - 0.08) / size[1]
        figure.text(middle, top, label, fontsize=9, color=INK, ha="center", va="bottom")
    keys = [("hit", "white"), ("false alarm", VERMILLION), ("miss", SKY)]
    figure.legend(
        handles=[Patch(facecolor=colour, edgecolor=FRAME, label=key) for key, colour in keys],
        loc="lower right",
        ncols=len(keys),
        frameon=False,
        fontsize=9,
    )
    return figure


def sorted_coefficients(rows: pd.DataFrame, part: str) -> Figure:
    """IoU (solid) and Dice (dashed) of a part's pictures, each sorted ascending, per threshold."""
    rows = rows[rows["part"] == part]
    figure, (axes,) = plain_panels((6.5, 4.2), 1, top=0.4)
    handles = draw_sorted(axes, rows)
    axes.legend(handles=handles, frameon=False, fontsize=9)
    label_axes(axes, "pictures, sorted by the coefficient", "coefficient")
    axes.set_title(f"IoU and Dice coefficients ({part})", color=INK)
    return figure


def errors_coloured(
    mask: np.ndarray, truth: UInt8[np.ndarray, "h w"]
) -> UInt8[np.ndarray, "h w 3"]:
    """Hits in white, false alarms in vermillion, misses in sky blue, the rest in black."""
    # Indexed by 2·predicted + true.
    palette = np.array([(0, 0, 0), rgb(SKY), rgb(VERMILLION), (255, 255, 255)], np.uint8)
    coloured: UInt8[np.ndarray, "h w 3"] = palette[2 * mask.astype(np.uint8) + truth]
    return coloured
