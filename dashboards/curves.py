"""Curves over the epochs: any metric, a line a row of the table with a band over its seeds."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from dashboards.choices import Choice
from dashboards.compare import layout
from seglab.figures.style import rgb
from seglab.results.experiments import published_curves

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
    histories: pd.DataFrame, choices: Sequence[Choice], metric: str, window: int, log: bool,
    behind: bool,
) -> go.Figure:  # fmt: skip
    """``metric`` of every choice; ``behind`` draws what was published, thin and dotted.

    The band of a choice goes from the lowest to the highest of its seeds.
    """
    figure = go.Figure()
    values = smoothed(histories, window)
    colours = [choice.colour for choice in choices]
    for number, choice in enumerate(choices):
        colour = choice.colour
        old = published(choice.published, metric) if behind else pd.DataFrame()
        if len(old):
            figure.add_scatter(
                x=old["step"], y=old["mean"], mode="lines", name=f"{choice.title}, published",
                line={"color": colour, "dash": "dot", "width": 1.2}, legendgroup=choice.label,
            )  # fmt: skip
        curve = over_seeds(values, choice.runs, metric)
        if curve.empty:
            continue
        dash = DASHES[colours[:number].count(colour) % len(DASHES)]
        if curve["number"].max() > 1:
            figure.add_scatter(**band(curve, colour), legendgroup=choice.label)
        figure.add_scatter(
            x=curve["step"], y=curve["mean"], name=choice.label, legendgroup=choice.label,
            mode="lines+markers" if len(curve) == 1 else "lines",
            line={"color": colour, "width": 2, "dash": dash},
        )  # fmt: skip
    figure.update_layout(**layout("epoch", metric), hovermode="x")
    if log:
        figure.update_yaxes(type="log")
    return figure


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
        "showlegend": False,
    }


def by_epoch(histories: pd.DataFrame) -> list[dict[str, float]]:
    """One mapping an epoch of a run's metrics, as ``figures.curves`` takes them."""
    table = histories.pivot_table(index="step", columns="metric", values="value", aggfunc="last")
    return [{str(k): float(v) for k, v in row.items()} for row in table.to_dict("records")]
