"""Curves over the epochs: any metric, a line a row of the table with a band over its seeds."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboards.choices import Choice, brief
from dashboards.compare import AXIS, layout
from seglab.figures.style import rgb
from seglab.results.experiments import published_curves

ACROSS = 3
"""Panels in a line."""
LEGEND = 22
"""Pixels of height of a line of the legend, which has ``ACROSS`` choices."""
DASHES = ("solid", "dash", "dashdot", "longdash")
"""Tell rows of one experiment, which share its colour, from each other."""


def smoothed(histories: pd.DataFrame, window: int) -> pd.DataFrame:
    """Each run's values as means of the last ``window`` epochs; 1 leaves them as they are."""
    if window <= 1:
        return histories
    means = histories.groupby(["run_id", "metric"])["value"].transform(
        lambda values: values.rolling(window, min_periods=1).mean()
    )
    return histories.assign(value=means)


def over_seeds(histories: pd.DataFrame, runs: Sequence[str], metric: str) -> pd.DataFrame:
    """Columns step, mean, low and high (over ``runs``) and number of a metric, by step.

    Of a run that logged a step twice the later value counts.
    """
    chosen = histories[(histories["metric"] == metric) & histories["run_id"].isin(runs)]
    last = chosen.drop_duplicates(["run_id", "step"], keep="last")
    found = last.groupby("step")["value"].agg(["mean", "min", "max", "count"])
    names = {"min": "low", "max": "high", "count": "number"}
    return found.rename(columns=names).reset_index()


def published(key: str, metric: str) -> pd.DataFrame:
    """Columns step and mean of what the study published; empty where it published nothing."""
    curves = published_curves()
    if metric not in curves:
        return pd.DataFrame({"step": [], "mean": []})
    curve = curves[curves["experiment"] == key]
    return curve.rename(columns={"epoch": "step", metric: "mean"})[["step", "mean"]]


def curves_figure(
    histories: pd.DataFrame,
    choices: Sequence[Choice],
    metrics: Sequence[str],
    window: int = 1,
    log: bool = False,
    behind: bool = True,
) -> go.Figure:
    """Each of ``metrics`` as a panel with a line a choice, under one legend.

    The band of a choice goes from the lowest to the highest of its seeds; ``window`` epochs are
    averaged; ``behind`` draws what was published, thin and dotted.
    """
    lines = -(-len(metrics) // ACROSS)
    figure = make_subplots(lines, min(len(metrics), ACROSS), horizontal_spacing=0.07)
    below = 60 + LEGEND * -(-len(choices) // ACROSS)
    look = layout("", "") | {"margin": {"l": 60, "r": 10, "t": 10, "b": below}}
    figure.update_layout(**look, hovermode="x", height=330 * lines + below)
    figure.update_layout(legend={"entrywidth": 0.97 / ACROSS, "entrywidthmode": "fraction"})
    values, listed = smoothed(histories, window), set[str]()
    for number, metric in enumerate(metrics):
        place = {"row": 1 + number // ACROSS, "col": 1 + number % ACROSS}
        for trace in traces(values, choices, metric, behind):
            first = trace.showlegend and trace.legendgroup not in listed
            listed |= {trace.legendgroup} if first else set()
            figure.add_trace(trace.update(showlegend=first), **place)
        figure.update_yaxes(title=metric, type="log" if log else "linear", **place)
    figure.update_xaxes(**AXIS, title={"text": "epoch", "standoff": 8})
    figure.update_yaxes(**AXIS)
    return figure


def traces(
    values: pd.DataFrame, choices: Sequence[Choice], metric: str, behind: bool
) -> Iterator[go.Scatter]:
    """What is drawn of a metric: bands, published curves, means over seeds."""
    colours = [choice.colour for choice in choices]
    for number, (choice, name) in enumerate(zip(choices, brief(choices), strict=True)):
        shared = {"legendgroup": choice.label, "name": name, "showlegend": False}
        old = published(choice.published, metric) if behind else pd.DataFrame()
        if len(old):
            line = {"color": choice.colour, "dash": "dot", "width": 1.2}
            named = shared | {"name": f"{choice.title}, published"}
            yield go.Scatter(x=old["step"], y=old["mean"], mode="lines", line=line, **named)
        curve = over_seeds(values, choice.runs, metric)
        if curve.empty:
            continue
        if curve["number"].max() > 1:
            yield go.Scatter(**band(curve, choice.colour), **shared)
        dash = DASHES[colours[:number].count(choice.colour) % len(DASHES)]
        line = {"color": choice.colour, "width": 2, "dash": dash}
        mode = "lines+markers" if len(curve) == 1 else "lines"
        listed = shared | {"showlegend": True}
        yield go.Scatter(x=curve["step"], y=curve["mean"], mode=mode, line=line, **listed)


def band(curve: pd.DataFrame, colour: str) -> dict[str, object]:
    """From the lowest to the highest of the seeds, as one closed line that is filled."""
    red, green, blue = rgb(colour)
    return {
        "x": np.concatenate([curve["step"], curve["step"][::-1]]),
        "y": np.concatenate([curve["high"], curve["low"][::-1]]),
        "fill": "toself",
        "fillcolor": f"rgba({red},{green},{blue},0.18)",
        "line": {"width": 0},
        "mode": "lines",
        "hoverinfo": "skip",
    }


def by_epoch(histories: pd.DataFrame) -> list[dict[str, float]]:
    """One mapping an epoch of a run's metrics, as ``figures.curves`` takes them."""
    table = histories.pivot_table(index="step", columns="metric", values="value", aggfunc="last")
    return [{str(k): float(v) for k, v in row.items()} for row in table.to_dict("records")]
