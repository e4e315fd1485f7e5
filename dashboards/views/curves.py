"""Curves: any metric of any runs over the epochs."""

from functools import partial

import pandas as pd
import streamlit as st

from dashboards import address, shell, store
from dashboards.choices import labels, named, run_labels, trials_of, with_asked
from dashboards.curves import by_epoch, curves_figure, published
from seglab.errors import RUN
from seglab.figures.curves import norm_curves

FIRST = ["val/loss", "val/iou", "val/dice"]  # metrics that are shown unless others are chosen
MOST = 8  # rows that are chosen at first
WINDOWS = {str(epochs): epochs for epochs in range(1, 21)}


def show() -> None:
    """The page."""
    standing = shell.experiment("Curves")
    runs, choices = standing.snapshot.runs, store.choices(standing)
    if not choices:
        shell.say(f"No training run in this experiment: start one with `{RUN} -e train`.")
    choices = with_asked(choices, address.asked("rows"))
    label, trials = labels(choices), trials_of(runs)
    default = [choice.name for choice in choices if choice.runs[0] not in trials] or [*label]
    chosen = address.several(
        st.multiselect, "Rows", [*label], "rows",
        default=default[:MOST], keep=True, format_func=label.__getitem__,
    )  # fmt: skip
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
    metrics = address.several(controls[0].multiselect, "Metrics", names, "metrics", default=default)
    window = address.free(
        controls[1].slider, "Smoothing: mean of the last … epochs", "smooth",
        default=1, read=WINDOWS.__getitem__, min_value=1, max_value=max(WINDOWS.values()),
    )  # fmt: skip
    switch = partial(address.free, read={"True": True, "False": False}.__getitem__)
    log = switch(controls[2].toggle, "Log", "log", default=False)
    behind = switch(controls[3].toggle, "Published", "published", default=True)
    histories = store.histories(concerned, metrics)
    if metrics:
        figure = curves_figure(histories, picked, metrics, window, log, behind)
        st.plotly_chart(figure, key="curves", theme=None)
    compared = behind and any(len(published(row.published, m)) for row in picked for m in metrics)
    st.caption(
        "Lines are means over seeds, bands go from the lowest seed to the highest."
        + " Thin and dotted: what the original study published." * compared
    )
    show_norms(concerned)


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
    label = run_labels(having)
    chosen = address.one(
        st.selectbox, "Run", [*label], "norm", keep=True, format_func=label.__getitem__
    )
    run = having[having["run_id"] == chosen]
    own = [name for name in metrics if run[f"metrics.{name}"].notna().all()]
    st.pyplot(norm_curves(by_epoch(store.histories(run, own))), width="content")


def norms_of(runs: pd.DataFrame) -> list[str]:
    """Layers and letters of the adaptive norm, 1_a, 1_b …, that any of ``runs`` logged."""
    known = runs.filter(regex=r"^metrics\.norm/").notna().any()
    return [str(name).removeprefix("metrics.norm/") for name in known.index[known]]


show()
