"""One picture over all rows of a table: predictions and their masks at several thresholds."""

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

import numpy as np
from jaxtyping import UInt8
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure

from seglab.figures.style import FRAME, INK

Grey = UInt8[np.ndarray, "h w"]
SIDE = 2.1
"""Width of a panel in inches."""


def prediction_grid(
    title: str,
    image: UInt8[np.ndarray, "h w 3"],
    truth: Grey | None,
    maps: Mapping[str, Grey],
    predictions: Mapping[str, tuple[Grey, str]],
    thresholds: Sequence[float],
) -> Figure:
    """Image and truth (if there is one) on top, then a line for each row of the table.

    A line shows the saliency map the row was fed (``maps`` by name; none for RGB alone), the
    probabilities as they are stored (255·p) and the mask at each of ``thresholds``.
    ``predictions`` maps a row's name to its probabilities and the name of its map, or "".
    """
    columns = 2 + len(thresholds)
    height, width = image.shape[:2]
    lines = 1 + len(predictions)
    size = (SIDE * columns + 1.3, (SIDE * height / width + 0.12) * lines + 0.8)
    figure = Figure(figsize=size, layout="constrained")
    figure.suptitle(title, color=INK)
    axes = figure.subplots(lines, columns, squeeze=False)
    grey: dict[str, Any] = {"cmap": "gray", "vmin": 0, "vmax": 255}
    headings = ["saliency map (γ = ½)", "prediction", *(f"p ≥ {t:g}" for t in thresholds)]
    panels: list[list[tuple[np.ndarray, dict[str, Any]] | None]] = []
    for probability, rule in predictions.values():
        faint = {"cmap": "gray", "norm": PowerNorm(0.5, vmin=0, vmax=255)}
        line = [(maps[rule], faint) if rule else None, (probability, grey)]
        masks = [(probability >= ceil(255 * t)) * np.uint8(255) for t in thresholds]
        panels.append([*line, *((mask, grey) for mask in masks)])
    shown_truth = None if truth is None else (truth, grey)
    top: list[tuple[np.ndarray, dict[str, Any]] | None] = [(image, {}), shown_truth]
    panels = [[*top, *[None] * (columns - 2)], *panels]
    for cells, line in zip(axes, panels, strict=True):
        for cell, panel in zip(cells, line, strict=True):
            cell.set(xticks=[], yticks=[])
            cell.spines[:].set_color(FRAME)
            if panel is None:
                cell.spines[:].set_visible(False)
                cell.set_box_aspect(height / width)
            else:
                cell.imshow(panel[0], **panel[1])
    names = ["image", "ground truth"][: 1 if truth is None else 2]
    for cell, name in zip(axes[0], names, strict=False):
        cell.set_title(name, fontsize=9, color=INK)
    for cell, name in zip(axes[1], headings, strict=True):
        cell.set_title(name, fontsize=9, color=INK)
    for cells, name in zip(axes[1:], predictions, strict=True):
        words = name.removeprefix("UNet ").replace(" SAL MAP ", "\nSAL MAP ")
        cells[0].set_ylabel(words, rotation=0, ha="right", va="center", fontsize=8, color=INK)
    return figure
