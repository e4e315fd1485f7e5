"""What superpixels pay for their compactness: curves over the weight of each method."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from seglab.figures.style import (
    BLUE,
    FRAME,
    GREEN,
    INK,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
    label_axes,
)

COLOURS = {
    "eikonal": BLUE,
    "slic": VERMILLION,
    "slic_zero": ORANGE,
    "felzenszwalb": PURPLE,
    "watershed": SKY,
    "compact_watershed": GREEN,
    "grid": INK,
}
INPUTS: dict[str, dict[str, Any]] = {
    "photo": {"marker": "o", "linestyle": "-", "label": "of the photo"},
    "network": {
        "marker": "D",
        "linestyle": "--",
        "markerfacecolor": "white",
        "label": "of the network's output",
    },
}
SCORES = {
    "boundary_recall": "boundary recall (5×5) → better",
    "undersegmentation": "undersegmentation error (1 − ASA)   better ←",
    "explained_variation": "explained variation of the photo",
}


def tradeoff(points: pd.DataFrame) -> Figure:
    """Boundary recall and undersegmentation error over compactness; a line an input × method.

    ``points`` has a row an input × method × weight: input, method, weight (NaN: none), superpixels,
    compactness and the scores, as means over pictures. Weights stand beside their points. Without
    annotators, explained variation is drawn instead.
    """
    annotated = "boundary_recall" in points
    scores = list(SCORES)[:2] if annotated else list(SCORES)[2:]
    figure = Figure(figsize=(5.6 * len(scores), 5.2), layout="constrained")
    for axes, score in zip(figure.subplots(1, len(scores), squeeze=False)[0], scores, strict=True):
        for (source, method), curve in points.groupby(["input", "method"], sort=False):
            draw_curve(axes, str(source), str(method), curve, score)
        axes.margins(0.08)
        label_axes(axes, "compactness (edge-length perimeter)", SCORES[score])
    figure.legend(
        handles=keys(points),
        loc="outside lower center",
        ncols=1 + len(scores),
        frameon=False,
        fontsize=9,
        title="numbers beside points are weights",
        title_fontsize=9,
    )
    return figure


def draw_curve(axes: Axes, source: str, method: str, curve: pd.DataFrame, score: str) -> None:
    """One input × method, with its weights: all of eikonal, of the others the outmost ones."""
    look = {key: value for key, value in INPUTS[source].items() if key != "label"}
    colour = COLOURS[method]
    axes.plot(curve["compactness"], curve[score], color=colour, markersize=5, **look)
    if len(curve) == 1:
        return
    marked = curve if method == "eikonal" else curve.iloc[[0, -1]]
    # On the worse side of the photo's curve and on the better one of the network's.
    right = source == "network"
    above = right != (score == "undersegmentation")
    for weight, x, y in marked[["weight", "compactness", score]].to_numpy(float).tolist():
        axes.annotate(
            f"{weight:g}",
            (x, y),
            xytext=(4 if right else -4, 3 if above else -3),
            textcoords="offset points",
            ha="left" if right else "right",
            va="bottom" if above else "top",
            fontsize=8,
            color=colour,
        )


def keys(points: pd.DataFrame) -> list[Line2D]:
    """The legend: colours of the methods with how many superpixels came out, looks of inputs."""
    handles = []
    for method, group in points.groupby("method", sort=False):
        low, high = (f"{count:.0f}" for count in (group.superpixels.min(), group.superpixels.max()))
        found = low if low == high else f"{low}–{high}"
        label = f"{str(method).replace('_', ' ')} ({found} superpixels)"
        handles.append(Line2D([], [], color=COLOURS[str(method)], linewidth=2, label=label))
    if points["input"].nunique() > 1:
        handles += [Line2D([], [], color=FRAME, **look) for look in INPUTS.values()]
    return handles
