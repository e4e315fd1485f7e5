"""Figures that compare the rows of a table: their validation curves and their pictures' scores."""

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import cycle

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from seglab.figures.style import (
    BLUE,
    FRAME,
    GREEN,
    INK,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
    WIDE,
    colour_of,
    label_axes,
)

Titles = Mapping[str, str]
"""Name of each row by its key, in the order of the table."""
THRESHOLD_COLOURS = (SKY, INK, ORANGE, GREEN, PURPLE, BLUE, VERMILLION)
COLUMNS = 4
"""Panels beside each other, where there is one a row of the table."""


def validation_curves(
    title: str, curves: pd.DataFrame, published: pd.DataFrame, titles: Titles, labels: Titles
) -> Figure:
    """Each validation metric of all rows over the epochs, what was published behind it.

    ``curves`` has columns experiment (key), epoch from 1, and a column for each of ``labels``
    (metric → what its axis is called), several lines an epoch where there are seeds: their mean is
    drawn, with a band from the lowest to the highest. ``published`` has the same columns; its
    curves are thin and dotted.
    """
    figure = Figure(figsize=(5.4 * len(labels), 5.6), layout="constrained")
    figure.suptitle(title, color=INK)
    shown = [key for key in titles if key in set(curves["experiment"])]
    for axes, (metric, label) in zip(
        figure.subplots(1, len(labels), squeeze=False)[0], labels.items(), strict=True
    ):
        for key in shown:
            colour = colour_of(key)
            old = published[published["experiment"] == key]
            if len(old):
                axes.plot(old["epoch"], old[metric], ":", color=colour, linewidth=1.1, alpha=0.75)
            lines = curves[curves["experiment"] == key].groupby("epoch")[metric]
            mean = lines.mean()
            marker = "o" if len(mean) == 1 else ""
            axes.plot(mean.index, mean, "-", color=colour, linewidth=2, marker=marker, zorder=3)
            if lines.size().max() > 1:
                ends = lines.min(), lines.max()
                axes.fill_between(mean.index, *ends, color=colour, alpha=0.15, linewidth=0)
        drawn = curves.loc[curves["experiment"].isin(shown), metric]
        if "loss" in metric and drawn.max() > WIDE * drawn.min() > 0:
            axes.set_yscale("log")
        else:
            axes.set_ylim(0, None)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        label_axes(axes, "epoch", label)
    handles = [Line2D([], [], color=colour_of(k), linewidth=2, label=titles[k]) for k in shown]
    if published["experiment"].isin(shown).any():
        handles.append(Line2D([], [], color=FRAME, linestyle=":", label="published"))
    figure.legend(handles=handles, loc="outside lower center", ncols=4, frameon=False, fontsize=9)
    return figure


def sorted_scores(title: str, rows: pd.DataFrame, titles: Titles, labels: Titles) -> Figure:
    """Each score of a part's pictures, sorted ascending for each row of the table on its own.

    ``rows`` has columns experiment (key), image and a column for each of ``labels``; several seeds
    of a picture are averaged.
    """
    figure = Figure(figsize=(5.4 * len(labels), 5.2), layout="constrained")
    figure.suptitle(title, color=INK)
    shown = [key for key in titles if key in set(rows["experiment"])]
    for axes, (score, label) in zip(
        figure.subplots(1, len(labels), squeeze=False)[0], labels.items(), strict=True
    ):
        for key in shown:
            values = rows[rows["experiment"] == key].groupby("image")[score].mean()
            places = np.arange(1, len(values) + 1)
            axes.plot(places, np.sort(values), "o-", color=colour_of(key), markersize=3.5)
        axes.set_ylim(-0.02, 1.02)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        label_axes(axes, "pictures, sorted by the coefficient", label)
    handles = [
        Line2D([], [], color=colour_of(k), marker="o", markersize=4, label=titles[k]) for k in shown
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=4, frameon=False, fontsize=9)
    return figure


def threshold_scores(title: str, rows: pd.DataFrame, titles: Titles) -> Figure:
    """IoU and Dice of a part's pictures, each sorted ascending, at every threshold: a panel a row.

    ``rows`` has columns experiment (key), image, threshold, iou and dice; several seeds of a
    picture are averaged. Curves that lie far apart are those of a network that is not sure.
    """
    shown = [key for key in titles if key in set(rows["experiment"])]
    columns = min(COLUMNS, len(shown))
    lines = -(-len(shown) // columns)
    figure = Figure(figsize=(3.4 * columns, 2.9 * lines + 0.8), layout="constrained")
    figure.suptitle(title, color=INK)
    panels = figure.subplots(lines, columns, squeeze=False, sharex=True, sharey=True).ravel()
    for axes in panels[len(shown) :]:
        axes.set_visible(False)
    thresholds = sorted(rows.loc[rows["experiment"].isin(shown), "threshold"].unique())
    for axes, key in zip(panels, shown, strict=False):
        own = rows[rows["experiment"] == key]
        scores = own.groupby(["threshold", "image"])[["iou", "dice"]].mean().reset_index()
        handles = draw_sorted(axes, scores, thresholds)
        axes.set_title(titles[key], fontsize=9, color=INK)
        label_axes(axes, "pictures, sorted", "coefficient")
    for axes in panels[max(0, len(shown) - columns) : len(shown)]:  # nothing stands below these
        axes.tick_params(labelbottom=True)
    ncols = 5 if columns > 1 else 2
    figure.legend(
        handles=handles, loc="outside lower center", ncols=ncols, frameon=False, fontsize=9
    )
    return figure


def draw_sorted(axes: Axes, rows: pd.DataFrame, thresholds: Sequence[float] = ()) -> list[Line2D]:
    """Draws IoU (solid) and Dice (dashed), each sorted ascending, per threshold; gives a legend.

    ``rows`` has a row a picture and threshold, with columns threshold, iou and dice. Panels of one
    legend are given all their ``thresholds``, of which each may have some.
    """
    handles = []
    thresholds = thresholds or sorted(rows["threshold"].unique())
    for colour, threshold in zip(cycle(THRESHOLD_COLOURS), thresholds, strict=False):
        group = rows[rows["threshold"] == threshold]
        pictures = np.arange(1, len(group) + 1)
        for score, style in (("iou", "o-"), ("dice", "s--")) if len(group) else ():
            axes.plot(pictures, np.sort(group[score]), style, color=colour, markersize=3.5)
        handles.append(Line2D([], [], color=colour, label=f"p ≥ {threshold:g}"))
    grey = partial(Line2D, [], [], color=FRAME, markersize=3.5)
    handles += [grey(marker="o", label="IoU"), grey(marker="s", linestyle="--", label="Dice")]
    axes.set_ylim(-0.02, 1.02)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    return handles
