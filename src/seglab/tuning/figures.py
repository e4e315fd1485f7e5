"""Figures of a study: how it went, what mattered, where the best parameters lie."""

from collections.abc import Mapping
from typing import Literal

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from seglab.figures.style import BLUE, FRAME, INK, VERMILLION, label_axes, plain_panels
from seglab.tuning.space import Choices, Range, Space

Better = Literal["maximize", "minimize"]
MAPPED = ("learning_rate", "alpha")
"""Parameters that the map is of, where they are varied; else the first two ranges are."""


def history_figure(trials: pd.DataFrame, better: Better, score: str) -> Figure:
    """The objective of every trial, and the best so far."""
    figure, (axes,) = plain_panels((6.4, 3.6), 1)
    complete, pruned = (trials[trials.state == state] for state in ("complete", "pruned"))
    axes.plot(complete.number, complete.value, "o", color=BLUE, markersize=5, label="completed")
    if len(pruned):
        label = "pruned, at its last epoch"
        axes.plot(pruned.number, pruned.value, "o", color=FRAME, fillstyle="none", label=label)
    values = complete.value.astype(float)
    best = values.cummax() if better == "maximize" else values.cummin()
    axes.step(complete.number, best, where="post", color=VERMILLION, label="best so far")
    for number in trials[trials.state == "fail"].number:
        axes.axvline(number, color=FRAME, linewidth=0.8, linestyle=":", zorder=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    label_axes(axes, "trial", score)
    axes.legend(frameon=False, fontsize=8)
    return figure


def importances_figure(importances: Mapping[str, float]) -> Figure:
    """How much each parameter mattered."""
    figure = Figure(figsize=(6.4, 1.0 + 0.4 * len(importances)), layout="constrained")
    axes = figure.subplots()
    names = list(importances)[::-1]
    bars = axes.barh(names, [importances[name] for name in names], color=BLUE)
    axes.bar_label(bars, fmt="%.2f", padding=3, fontsize=8, color=INK)
    axes.set_xlim(0, 1.08 * max(importances.values()))
    label_axes(axes, "importance (PED-ANOVA)", "")
    return figure


def mapped(trials: pd.DataFrame, space: Space) -> list[str]:
    """The two parameters that the map is of; none where fewer are ranges or no completed trial has
    both, for alpha, say, is not varied in trials of a UNet."""
    ranges = [name for name, values in space.items() if isinstance(values, Range)]
    pair = sorted(ranges, key=lambda name: (name not in MAPPED, ranges.index(name)))[:2]
    complete = trials[trials.state == "complete"].reindex(columns=[*pair, "value"])
    return pair if len(pair) == 2 and len(complete.dropna()) else []


def map_figure(trials: pd.DataFrame, space: Space, better: Better, score: str) -> Figure:
    """Every trial at its two ``mapped`` parameters, coloured by the objective; the best one is
    ringed."""
    x, y = mapped(trials, space)
    figure = Figure(figsize=(6.0, 4.4), layout="constrained")
    axes = figure.subplots()
    shown = trials.dropna(subset=[x, y, "value"])
    complete = shown[shown.state == "complete"]
    rest = shown[shown.state == "pruned"]
    values = complete.value.astype(float)
    # A few very bad trials would leave one colour for all that matter.
    low, high = np.nanquantile(values, [0.1, 1.0] if better == "maximize" else [0.0, 0.9])
    axes.plot(rest[x], rest[y], "o", color=FRAME, markersize=4, label="pruned", fillstyle="none")
    dots = axes.scatter(
        complete[x], complete[y], c=values, s=45, cmap=colormaps["viridis"], vmin=low, vmax=high
    )
    best = complete.iloc[int(values.argmax() if better == "maximize" else values.argmin())]
    axes.scatter(
        best[x],
        best[y],
        s=150,
        facecolors="none",
        edgecolors=VERMILLION,
        linewidths=2,
        label=f"best: {best.value:.4g}",
    )
    for name, set_scale in ((x, axes.set_xscale), (y, axes.set_yscale)):
        values_of = space[name]
        if isinstance(values_of, Range) and values_of.log:
            set_scale("log")
    label_axes(axes, x.replace("_", " "), y.replace("_", " "))
    figure.colorbar(dots, label=score, extend="min" if better == "maximize" else "max")
    figure.legend(loc="outside upper left", ncols=2, frameon=False, fontsize=8)
    return figure


def slices_figure(trials: pd.DataFrame, space: Space, better: Better, score: str) -> Figure:
    """The objective of every trial against each parameter alone; the best one is ringed."""
    names = [name for name in space if name in trials]
    columns = min(3, len(names))
    rows = -(-len(names) // columns)
    size = (max(4.8, 3.2 * columns), 3.2 * rows)
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(rows, columns, sharey=True, squeeze=False).flatten()
    for axes, name in zip(panels, names, strict=False):
        among = space[name]
        shown = trials.dropna(subset=[name, "value"])
        places = shown[name]
        if isinstance(among, Choices):
            places = places.map({value: place for place, value in enumerate(among.values)})
            axes.set_xticks(range(len(among.values)), list(map(str, among.values)))
        elif among.log:
            axes.set_xscale("log")
        complete, pruned = (shown.state == state for state in ("complete", "pruned"))
        axes.plot(places[pruned], shown.value[pruned], "o", color=FRAME, fillstyle="none", ms=4)
        axes.plot(places[complete], shown.value[complete], "o", color=BLUE, markersize=5)
        if complete.any():
            values = shown.value[complete].astype(float)
            best = int(values.argmax() if better == "maximize" else values.argmin())
            ring = {"color": VERMILLION, "markersize": 11, "markeredgewidth": 2}
            place = places[complete].iloc[best]
            axes.plot(place, values.iloc[best], "o", fillstyle="none", **ring)
        label_axes(axes, name.replace("_", " "), score if axes in panels[::columns] else "")
    for axes in panels[len(names) :]:
        axes.set_axis_off()
    return figure


def curves_figure(
    curves: Mapping[int, Mapping[int, float]], trials: pd.DataFrame, best: int, score: str
) -> Figure:
    """The objective over the epochs of every trial; pruned ones end early."""
    figure, (axes,) = plain_panels((6.4, 4.0), 1)
    pruned = set(trials[trials.state == "pruned"].number)
    for number, values in curves.items():
        if number != best:
            colour, style, mark = (FRAME, ":", ".") if number in pruned else (BLUE, "-", "")
            points = list(values), list(values.values())
            axes.plot(*points, style, color=colour, marker=mark, linewidth=0.8, alpha=0.6)
    values = curves[best]
    label = f"best: trial {best}"
    axes.plot(list(values), list(values.values()), color=VERMILLION, linewidth=2, label=label)
    axes.plot([], [], color=BLUE, linewidth=0.8, label="completed")
    if pruned:
        axes.plot([], [], color=FRAME, linestyle=":", marker=".", label="pruned")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    label_axes(axes, "epoch", score)
    axes.legend(frameon=False, fontsize=8)
    return figure
