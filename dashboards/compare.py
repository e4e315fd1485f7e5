"""Two runs, or two configurations over their seeds, picture by picture."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from seglab.errors import counted
from seglab.figures.style import FRAME, INK
from seglab.results.statistics import Interval, crossed, interval, paired

AXIS = {"gridcolor": "#e6e6e6", "zeroline": False, "linecolor": FRAME}
SCORES = {"iou": "IoU", "dice": "Dice"}
WIDE = 1.5
"""From this ratio of intervals on, with and without seeds, it is seeds that make the first wide."""


class Compared(NamedTuple):
    """How B differs from A on the pictures that both have, over one set of runs throughout."""

    pictures: pd.DataFrame
    """image (index), a, b and difference (b − a): means over seeds."""
    difference: Interval
    of_these: Interval
    """The same of these very networks, over the pictures alone: what seeds do not widen."""
    seeds: tuple[list[str], list[str]]
    """Seeds of A and of B, as they are paired."""


def compare(a: pd.DataFrame, b: pd.DataFrame, score: str) -> Compared:
    """``a`` and ``b`` have columns seed, image and ``score``; one row a seed and picture.

    The interval is that of ``results.verdicts``: over the pictures, and over the seeds that both
    have. Where they share no seed, seeds are paired in their order, as none is like another. Seeds
    and pictures that one of them lacks are left out of all that is returned.
    """
    first, second = crossed(a, score), crossed(b, score)
    names = [seed for seed in first.index if seed in second.index]
    seeds = (names, names)
    if not names:
        pairs = list(zip(first.index, second.index, strict=False))
        seeds = ([one for one, _ in pairs], [other for _, other in pairs])
    first = first.loc[seeds[0]].reset_index(drop=True)
    second = second.loc[seeds[1]].reset_index(drop=True)
    differences = paired(second, first)
    used = [side.reindex_like(differences).mean() for side in (first, second)]
    pictures = pd.DataFrame({"a": used[0], "b": used[1]}).dropna()
    pictures = pictures.assign(difference=pictures["b"] - pictures["a"])
    seeds = ([seeds[0][i] for i in differences.index], [seeds[1][i] for i in differences.index])
    if not differences.size:
        nothing = Interval(np.nan, np.nan, np.nan, 0, 0)
        return Compared(pictures, nothing, nothing, seeds)
    values = differences.to_numpy(dtype=float)
    of_these = interval(values.mean(axis=0)[np.newaxis, np.newaxis])
    return Compared(pictures, interval(values[np.newaxis]), of_these, seeds)


def in_words(compared: Compared, score: str) -> str:
    """``B − A: mean IoU +0.013, 95 % interval −0.020 … +0.041 (20 pictures × 1 seed)``."""
    found, sure = compared.difference, compared.of_these
    if not found.pictures:
        return "The two have no picture in common."
    number = f"{counted(found.pictures, 'picture')} × {counted(found.seeds, 'seed')}"
    text = f"B − A: mean {SCORES[score]} **{decimal(found.value)}**"
    if np.isnan(found.low):
        return f"{text} ({number}; one value has no interval)."
    noise = "the interval holds 0: this may be noise" if found.low <= 0 <= found.high else (
        "the interval does not hold 0"
    )  # fmt: skip
    said = f"{text}, 95 % interval {ends(found)} ({number}): {noise}."
    if found.seeds == 1:
        said += " One seed tells nothing of another training."
    elif found.high - found.low > WIDE * (sure.high - sure.low):
        said += (
            f" It is that wide because there are only {found.seeds} seeds: of these very networks, "
            f"over the pictures alone, it is {ends(sure)}. More seeds narrow it."
        )
    return said


def ends(found: Interval) -> str:
    """``−0.020 … +0.041``."""
    return f"{decimal(found.low)} … {decimal(found.high)}"


def decimal(difference: float) -> str:
    """``−0.020``, with as many digits in every case."""
    return f"{difference:+.3f}".replace("-", "−")


def which_runs(compared: Compared, a: pd.DataFrame, b: pd.DataFrame) -> str:
    """Which runs of the two tables (as of ``compare``) text and figures are of, and which not."""
    one, other = compared.seeds
    said = f"{listed(one)} of both" if one == other else (
        f"{listed(one)} of A against {listed(other)} of B"
    )  # fmt: skip
    mean = ", means over them" if len(one) > 1 else ""
    lines = [f"Text and figures are of {said}{mean}."]
    for side, rows, used in (("A", a, one), ("B", b, other)):
        left = sorted(set(rows["seed"]) - set(used))
        if left:
            lines.append(f"Left out: {listed(left)} of {side}, to which the other has no match.")
    return " ".join(lines)


def listed(seeds: Sequence[str]) -> str:
    """``seed 0``; ``seeds 0, 1``."""
    return f"seed{'s' * (len(seeds) != 1)} {', '.join(seeds)}"


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
    figure.update_xaxes(range=[-0.02, 1.02], constrain="domain")
    figure.update_yaxes(range=[-0.02, 1.02], scaleanchor="x", constrain="domain")
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


def sorted_coefficients(
    pictures: pd.DataFrame, names: Sequence[str], colours: Sequence[str], score: str
) -> go.Figure:
    """The score of every picture, sorted for each of A (dotted) and B on its own."""
    figure = go.Figure()
    looks = zip(("a", "b"), ("dot", "solid"), names, colours, strict=True)
    for side, dash, name, colour in looks:
        ranked = pictures[side].sort_values()
        figure.add_scatter(
            x=list(range(1, len(ranked) + 1)),
            y=ranked,
            mode="lines+markers",
            name=f"{side.upper()}: {name}",
            line={"color": colour, "dash": dash},
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
        "xaxis": {**AXIS, "title": {"text": x, "standoff": 8}},
        "yaxis": {**AXIS, "title": y},
        "plot_bgcolor": "white",
        "font": {"color": INK},
        "margin": {"l": 60, "r": 10, "t": 20, "b": 90},
        "legend": {"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom"},
    }
