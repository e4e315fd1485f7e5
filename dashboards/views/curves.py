"""Curves: any metric of any runs over the epochs."""

import pandas as pd
import streamlit as st

from dashboards import shell, store
from dashboards.choices import named
from dashboards.curves import by_epoch, curves_figure
from seglab.errors import RUN
from seglab.figures.curves import norm_curves

FIRST = ["val/loss", "val/iou", "val/dice"]  # metrics that are shown unless others are chosen
MOST = 8  # rows that are chosen at first


def show() -> None:
    """The page."""
    standing = shell.experiment("Curves")
    runs, choices = standing.snapshot.runs, store.choices(standing)
    if not choices:
        shell.say(f"No training run in this experiment: start one with `{RUN} -e train`.")
    labels = [choice.label for choice in choices]
    trials = trials_of(runs)
    default = [choice.label for choice in choices if choice.runs[0] not in trials] or labels
    chosen = st.multiselect("Rows", labels, default=default[:MOST], key="rows", bind="query-params")
    picked = named(choices, chosen)
    concerned = runs[runs["run_id"].isin([run for choice in picked for run in choice.runs])]
    if concerned.empty:
        shell.say("Choose a row.")
    names = metrics_of(concerned)
    if not names:
        shell.say(
            "These runs have logged no metric yet. A training logs its first ones at the end of "
            "its first epoch; this page shows them by itself."
        )
    default = [name for name in FIRST if name in names] or names[:1]
    controls = st.columns([12, 8, 3, 4], vertical_alignment="bottom")
    metrics = controls[0].multiselect(
        "Metrics", names, default=default, key="metrics", bind="query-params"
    )
    window = controls[1].slider(
        "Smoothing: mean of the last … epochs", 1, 20, 1, key="smooth", bind="query-params"
    )
    log = controls[2].toggle("Log", key="log", bind="query-params")
    behind = controls[3].toggle("Published", value=True, key="published", bind="query-params")
    histories = store.histories(concerned, metrics)
    if metrics:
        figure = curves_figure(histories, picked, metrics, window, log, behind)
        st.plotly_chart(figure, key="curves", theme=None)
    st.caption(
        "Lines are means over seeds, bands go from the lowest seed to the highest."
        + " Thin and dotted: what the original study published." * behind
    )
    show_norms(concerned)


def trials_of(runs: pd.DataFrame) -> set[str]:
    """Runs of searches of parameters: many rows that are nearly alike."""
    if "tags.optuna.trial" not in runs:
        return set()
    return set(runs.loc[runs["tags.optuna.trial"].notna(), "run_id"])


def metrics_of(runs: pd.DataFrame) -> list[str]:
    """Names of the metrics that any of ``runs`` has, those of every epoch first."""
    known = runs.filter(regex=r"^metrics\.").notna().any()
    names = [str(name).removeprefix("metrics.") for name in known.index[known]]
    return sorted(names, key=lambda name: (not name.startswith(("val/", "train/")), name))


def show_norms(runs: pd.DataFrame) -> None:
    """a and b of the adaptive norm in each layer, of one run that has such."""
    metrics = [f"norm/{name}" for name in norms_of(runs)]
    if not metrics:
        return
    st.header("Adaptive norm")
    having = runs[runs[f"metrics.{metrics[0]}"].notna()]
    labels = list(having["name"] + " · " + having["run_id"].str[:8])
    label = st.selectbox("Run", labels, key="norm", bind="query-params")
    run = having.iloc[[labels.index(label)]]
    own = [name for name in metrics if run[f"metrics.{name}"].notna().all()]
    st.pyplot(norm_curves(by_epoch(store.histories(run, own))), width="content")


def norms_of(runs: pd.DataFrame) -> list[str]:
    """Layers and letters of the adaptive norm, 1_a, 1_b …, that any of ``runs`` logged."""
    known = runs.filter(regex=r"^metrics\.norm/").notna().any()
    return [str(name).removeprefix("metrics.norm/") for name in known.index[known]]


show()
