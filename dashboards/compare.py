"""Two runs, or two configurations over their seeds, picture by picture."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from seglab.errors import counted
from seglab.figures.style import FRAME, INK
from seglab.results.printed import signed
from seglab.results.statistics import Interval, crossed, interval, paired

AXIS = {"gridcolor": "#e6e6e6", "zeroline": False, "linecolor": FRAME}
SCORES = {"iou": "IoU", "dice": "Dice"}


class Compared(NamedTuple):
    """How B differs from A on the pictures that both have."""

    pictures: pd.DataFrame
    """image (index), a, b and difference (b − a): means over seeds."""
    difference: Interval


def compare(a: pd.DataFrame, b: pd.DataFrame, score: str) -> Compared:
    """``a`` and ``b`` have columns seed, image and ``score``; one row a seed and picture.

    The interval is that of ``results.verdicts``: over the pictures, and over the seeds that both
    have. Where they share no seed, seeds are paired in their order, as none is like another.
    """
    first, second = crossed(a, score), crossed(b, score)
    if not set(first.index) & set(second.index):
        first, second = first.reset_index(drop=True), second.reset_index(drop=True)
    pictures = pd.DataFrame({"a": first.mean(), "b": second.mean()}).dropna()
    differences = paired(second, first)
    nothing = Interval(np.nan, np.nan, np.nan, 0, 0)
    found = interval(differences[np.newaxis]) if differences.size else nothing
    return Compared(pictures.assign(difference=pictures["b"] - pictures["a"]), found)


def in_words(found: Interval, score: str) -> str:
    """``B − A: mean IoU +0.013, 95 % interval −0.02 … 0.04 (20 pictures × 1 seed)``."""
    if not found.pictures:
        return "The two have no picture in common."
    number = f"{counted(found.pictures, 'picture')} × {counted(found.seeds, 'seed')}"
    text = f"B − A: mean {SCORES[score]} **{signed(found.value)}**"
    if np.isnan(found.low):
        return f"{text} ({number}; one value has no interval)."
    ends = f"95 % interval {signed(found.low)} … {signed(found.high)}"
    noise = "the interval holds 0: this may be noise" if found.low <= 0 <= found.high else (
        "the interval does not hold 0"
    )  # fmt: skip
    seeds = "" if found.seeds > 1 else " One seed tells nothing of another training."
    return f"{text}, {ends} ({number}): {noise}.{seeds}"


def scatter(pictures: pd.DataFrame, score: str, a: str, b: str, colour: str) -> go.Figure:
    """Each picture a point: the score of A to the right, that of B upwards."""
    points = go.Scatter(
        x=pictures["a"],
        y=pictures["b"],
        mode="markers",
        marker={"color": colour, "size": 9, "line": {"color": "white", "width": 0.5}},
        customdata=pictures.index.to_numpy(),
        hovertemplate="%{customdata}<br>A %{x:.3f}<br>B %{y:.3f}<extra></extra>",
    )
    figure = go.Figure(points)
    figure.add_shape(type="line", x0=0, y0=0, x1=1, y1=1, line={"color": FRAME, "dash": "dot"})
    figure.update_layout(**layout(f"{SCORES[score]} of A: {a}", f"{SCORES[score]} of B: {b}"))
    figure.update_xaxes(range=[-0.02, 1.02])
    figure.update_yaxes(range=[-0.02, 1.02], scaleanchor="x")
    return figure


def differences(pictures: pd.DataFrame, score: str, colour: str) -> go.Figure:
    """B − A of every picture, sorted."""
    rows = pictures.sort_values("difference")
    places = list(range(1, len(rows) + 1))
    bars = go.Bar(
        x=places,
        y=rows["difference"],
        marker_color=colour,
        customdata=rows.index.to_numpy(),
        hovertemplate="%{customdata}<br>%{y:+.3f}<extra></extra>",
    )
    figure = go.Figure(bars)
    figure.update_layout(**layout("pictures, sorted", f"{SCORES[score]} of B − A"))
    return figure


def sorted_coefficients(scores: Mapping[str, "pd.Series[float]"], colours: Mapping[str, str],
                        score: str) -> go.Figure:  # fmt: skip
    """The score of every picture, sorted for each of A and B on its own."""
    figure = go.Figure()
    for name, values in scores.items():
        ranked = values.sort_values()
        figure.add_scatter(
            x=list(range(1, len(ranked) + 1)),
            y=ranked,
            mode="lines+markers",
            name=name,
            line_color=colours[name],
            marker_size=5,
            customdata=ranked.index.to_numpy(),
            hovertemplate="%{customdata}<br>%{y:.3f}<extra></extra>",
        )
    figure.update_layout(**layout("pictures, sorted by the coefficient", SCORES[score]))
    figure.update_yaxes(range=[-0.02, 1.02])
    return figure


def layout(x: str, y: str) -> dict[str, object]:
    """The house's plain frame for plotly."""
    return {
        "xaxis": {**AXIS, "title": x},
        "yaxis": {**AXIS, "title": y},
        "plot_bgcolor": "white",
        "font": {"color": INK},
        "margin": {"l": 60, "r": 10, "t": 20, "b": 90},
        "legend": {"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom"},
    }
