"""What a data set is like: histograms of its pictures, and the shares of its classes."""

from math import ceil, floor

import numpy as np
import pandas as pd
from jaxtyping import Float
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from seglab.figures.style import BLUE, GREEN, INK, ORANGE, VERMILLION, label_axes

PANELS = {
    "height": "height, pixels",
    "width": "width, pixels",
    "segments": "segments a picture",
    "foreground": "foreground, share of pixels",
}
COLOURS = {"train": BLUE, "val": VERMILLION, "test": GREEN}
BINS = 25
"""At most, in a histogram."""
CLASSES = 30
"""At most, in the figure of classes; the table has all."""


def picture_histograms(title: str, rows: pd.DataFrame) -> Figure:
    """Histograms of what is known of the pictures, the parts stacked.

    ``rows`` as ``data.characteristics.picture_rows`` gives them; a column without values has no
    panel.
    """
    known = [column for column in PANELS if rows[column].notna().any()]
    parts = [part for part in COLOURS if (rows["part"] == part).any()]
    figure = Figure(figsize=(3.1 * len(known), 3.3), layout="constrained")
    figure.suptitle(f"{title}: {len(rows):,} pictures", color=INK)
    panels = figure.subplots(1, len(known), squeeze=False)[0]
    for axes, column in zip(panels, known, strict=True):
        axes.hist(
            [rows.loc[rows["part"] == part, column] for part in parts],
            bins=_edges(rows[column].dropna(), share=column == "foreground"),
            stacked=True,
            color=[COLOURS[part] for part in parts],
            label=[f"{part} ({(rows['part'] == part).sum():,})" for part in parts],
        )
        label_axes(axes, PANELS[column], "pictures" if axes is panels[0] else "")
        axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
        if column == "foreground":
            axes.xaxis.set_major_formatter(PercentFormatter(1))
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False, fontsize=8)
    return figure


def class_shares(title: str, classes: pd.DataFrame) -> Figure:
    """The most frequent classes by their share of segments, beside their share of area.

    ``classes`` as ``data.characteristics.class_rows`` gives them.
    """
    shown = classes[:CLASSES]
    figure = Figure(figsize=(6.5, 1.3 + 0.25 * len(shown)), layout="constrained")
    axes = figure.subplots()
    places = np.arange(len(shown))
    bars = (("segment_share", "of all segments", BLUE), ("area_share", "of their area", ORANGE))
    for shift, (column, label, colour) in zip((-0.2, 0.2), bars, strict=True):
        axes.barh(places + shift, shown[column], 0.4, color=colour, label=label)
    names = [
        name if thing else f"{name} (stuff)"
        for name, thing in zip(shown["category"], shown["thing"], strict=True)
    ]
    axes.set_yticks(places, names)
    axes.set_ylim(len(shown) - 0.4, -0.6)
    label_axes(axes, "share", "")
    axes.grid(visible=False, axis="y")
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.legend(frameon=False, fontsize=8, loc="lower right")
    number = f"{len(classes)} classes"
    if len(shown) < len(classes):
        covered = shown["segment_share"].sum()
        number = f"{len(shown)} of {number}, {covered:.0%} of segments"
    axes.set_title(f"{title}: {number}", color=INK)
    return figure


def _edges(values: pd.Series, share: bool) -> Float[np.ndarray, "n"]:
    """Edges of bins: from 0 to 1 for a share, else whole numbers wide and around whole numbers."""
    if share:
        return np.linspace(0, 1, BINS + 1)
    low, high = floor(values.min()), ceil(values.max())
    width = ceil((high - low + 1) / BINS)
    return np.arange(low, high + width + 1, width) - 0.5
