"""Superpixels of photos beside those of what networks paint, and beside what was published."""

from collections.abc import Iterator
from itertools import cycle

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from seglab.figures.style import EXPERIMENTS, FRAME, INK, colour_of, label_axes
from seglab.figures.tradeoff import COLOURS, INPUTS

SCORES = {
    "boundary_recall": "boundary recall (5×5) → better",
    "undersegmentation": "undersegmentation error (1 − ASA)   better ←",
}
COMPACTNESS = "compactness_pixels"
TOLD_APART = {"asked": "{} superpixels", "colour": "{} colour", "width": "width {}"}
TOLD_APART |= {"epochs": "{} epochs", "targets": "learnt from {}"}
"""In what curves of one experiment may differ, and how it is told."""


def tradeoffs(title: str, points: pd.DataFrame, published: pd.DataFrame) -> Figure:
    """Boundary recall and undersegmentation error over the study's compactness: a line a row.

    ``points`` has a row an experiment × weight: experiment (name), key (empty: of no published
    row), input, method, weight, asked, colour, width, epochs, targets, trained (what made the
    network, but its seed), painter (run id of its training), compactness_pixels and the scores;
    several seeds of a point are averaged. ``published`` has experiment, compactness_pixels and the
    scores, drawn as stars.
    """
    figure = Figure(figsize=(6.2 * len(SCORES), 6), layout="constrained")
    figure.suptitle(title, color=INK)
    others = cycle(EXPERIMENTS.values())
    curves = list(curves_of(points))
    colours = [colour_of_curve(curve) or next(others) for _, curve in curves]
    looks = [
        {k: v for k, v in INPUTS[curve["input"].iloc[0]].items() if k != "label"}
        for _, curve in curves
    ]
    for axes, (score, label) in zip(figure.subplots(1, len(SCORES)), SCORES.items(), strict=True):
        for (_, curve), colour, look in zip(curves, colours, looks, strict=True):
            axes.plot(curve[COMPACTNESS], curve[score], color=colour, markersize=5, **look)
            for end in {0, len(curve) - 1}:
                point = curve.iloc[end]
                if pd.isna(point["weight"]):  # of a method that has none
                    continue
                axes.annotate(
                    f"{point['weight']:g}",
                    (point[COMPACTNESS], point[score]),
                    xytext=(4, 3),
                    textcoords="offset points",
                    fontsize=7,
                    color=colour,
                )
        for _, row in published.iterrows():
            axes.plot(row[COMPACTNESS], row[score], "*", color=FRAME, markersize=10, zorder=4)
            axes.annotate(
                f"{row['experiment']}, published",
                (row[COMPACTNESS], row[score]),
                xytext=(6, -9),
                textcoords="offset points",
                fontsize=7,
                color=INK,
            )
        axes.margins(0.1)
        label_axes(axes, "compactness (border pixels counted, as in the study)", label)
    handles = [
        Line2D([], [], color=colour, label=name, **look)
        for (name, _), colour, look in zip(curves, colours, looks, strict=True)
    ]
    figure.legend(
        handles=handles,
        loc="outside lower center",
        ncols=3,
        frameon=False,
        fontsize=9,
        title="numbers beside points are weights; stars are published",
        title_fontsize=9,
    )
    return figure


def curves_of(points: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Each curve's name, and its points in the order of their weights, over its seeds.

    What differs between curves of one experiment is told behind its name.
    """
    for name, of_name in points.groupby("experiment", sort=False):
        differing = [what for what in TOLD_APART if of_name[what].nunique(dropna=False) > 1]
        trainings = of_name.groupby(list(TOLD_APART), dropna=False)["trained"].transform("nunique")
        for _, rows in of_name.groupby([*TOLD_APART, "trained"], sort=False, dropna=False):
            first = {what: rows[what].iloc[0] for what in ("key", "input", "method", *TOLD_APART)}
            means = rows.groupby("weight", dropna=False)[[COMPACTNESS, *SCORES]].mean()
            told = [TOLD_APART[what].format(first[what]) for what in differing if first[what]]
            # Trainings may differ in anything: the table names it, and the run leads there.
            told += [f"run {rows['painter'].iloc[0][:8]}"] if trainings[rows.index[0]] > 1 else []
            yield ", ".join([str(name), *told]), means.reset_index().assign(**first)


def colour_of_curve(curve: pd.DataFrame) -> str:
    """The method's colour for a photo, the experiment's for a network; empty if it has none."""
    first = curve.iloc[0]
    if first["input"] == "photo":
        return COLOURS[first["method"]]
    known = first["key"] and first["key"].rpartition("/")[2] in EXPERIMENTS
    return colour_of(first["key"]) if known else ""
