"""Pictures side by side: one row a picture, one column a way to treat it."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import UInt8
from matplotlib.figure import Figure

from seglab.figures.style import FRAME, INK, thumbnail

SIDE = 3.6
"""Inches of a picture's longer side."""


def gallery(
    columns: Sequence[str], rows: Sequence[tuple[str, Sequence[UInt8[np.ndarray, "h w 3"]]]]
) -> Figure:
    """``rows`` of (title, one picture a column); ``columns`` stand above the first row."""
    shapes = [pictures[0].shape[:2] for _, pictures in rows]
    heights = [SIDE * height / max(height, width) for height, width in shapes]
    figure = Figure((SIDE * len(columns), sum(heights) + 0.5), layout="constrained")
    grid = figure.subplots(len(rows), len(columns), squeeze=False, height_ratios=heights)
    for line, (title, pictures) in zip(grid, rows, strict=True):
        line[0].set_ylabel(title, fontsize=8, color=INK)
        for axes, pixels in zip(line, pictures, strict=True):
            axes.imshow(thumbnail(pixels))
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set_color(FRAME)
    for axes, label in zip(grid[0], columns, strict=True):
        axes.set_title(label, fontsize=9, color=INK)
    return figure
