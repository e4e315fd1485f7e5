"""Study: how a search of parameters went, what mattered, and every trial's run."""

import pandas as pd
import streamlit as st
from matplotlib.figure import Figure

from dashboards import address, links, shell, store
from dashboards.commands import here
from seglab.errors import RUN, StudyError, TrackingError
from seglab.tuning.figures import (
    curves_figure,
    history_figure,
    importances_figure,
    map_figure,
    mapped,
    slices_figure,
)
from seglab.tuning.findings import Findings, read_findings

STATES = {"complete": "completed", "pruned": "pruned", "fail": "failed", "running": "running"}


def show() -> None:
    """The page."""
    runs = shell.experiment("Study").snapshot.runs
    named = runs[runs["tags.optuna.storage"].notna()] if "tags.optuna.storage" in runs else runs[:0]
    if named.empty:
        shell.say(f"No study in this experiment: start one with `{RUN} -e tune`.")
    studies = list(dict.fromkeys(named["tags.optuna.study"]))
    label = address.one(st.selectbox, "Study", studies, "study", keep=True)
    run = named[named["tags.optuna.study"] == label].iloc[0]
    try:
        found = findings(run["tags.optuna.storage"], label)
    except StudyError as fault:
        show_logged(run, str(fault))
        return
    trials = found.trials
    counts = trials["state"].value_counts()
    tiles = st.columns(5)
    for tile, (state, word) in zip(tiles, STATES.items(), strict=False):
        tile.metric(word, int(counts.get(state, 0)))
    best = trials[trials["number"] == found.best]
    if len(best):
        tiles[4].metric(f"best {found.config.score}", f"{best['value'].iloc[0]:.4g}")
        again = run.get("tags.seglab.best_command")
        if isinstance(again, str):  # it is logged when the study has come to its end
            st.code(here(again), language="sh", wrap_lines=True)
    elif trials.empty or not counts.get("complete"):
        st.info("No trial has completed yet; figures come with the first ones.")
    show_figures(found)
    st.subheader("Trials")
    numbers = [str(name) for name in trials.select_dtypes("float")]
    st.dataframe(
        with_links(trials, st.session_state["experiment"]),
        hide_index=True,
        column_config={
            "run": st.column_config.LinkColumn("Run", display_text=r"run=(\w{8})"),
            **dict.fromkeys(numbers, st.column_config.NumberColumn(format="%.4g")),
        },
    )
    own = links.page("run", experiment=st.session_state["experiment"], run=run["run_id"])
    st.markdown(f"[The study's own run]({own})")


@st.cache_data(ttl=10, show_spinner="reading the study")
def findings(url: str, name: str) -> Findings:
    """What a study has found, asked for anew every ten seconds."""
    return read_findings(url, name)


def show_figures(found: Findings) -> None:
    """History, curves, importances, map and slices, as far as there is something to draw."""
    figures = figures_of(found)
    for column, figure in zip(list(st.columns(2)) * 3, figures, strict=False):
        column.pyplot(figure)


def figures_of(found: Findings) -> list[Figure]:
    """The figures that ``tune`` logs, of the study as it stands."""
    if found.best is None:
        return []
    config, score = found.config, f"validation {found.config.score}"
    figures = [history_figure(found.trials, config.better, score)]
    if mapped(found.trials, config.varied):
        figures.append(map_figure(found.trials, config.varied, config.better, score))
    if found.best in found.curves:
        figures.append(curves_figure(found.curves, found.trials, found.best, score))
    if found.importances:
        figures.append(importances_figure(found.importances))
    figures.append(slices_figure(found.trials, config.varied, config.better, score))
    return figures


def with_links(trials: pd.DataFrame, experiment: str) -> pd.DataFrame:
    """The trials with the address of each one's run instead of its id."""
    if "run_id" not in trials:
        return trials
    pages = [
        links.page("run", experiment=experiment, run=run) if run else "" for run in trials["run_id"]
    ]
    return trials.drop(columns="run_id").assign(run=pages)


def show_logged(run: "pd.Series[str]", why: str) -> None:
    """What the study logged to MLflow when it was last worked on, where its database is not."""
    st.info(f"{why[:1].upper()}{why[1:]}. Below is what it logged when it was last worked on.")
    try:
        st.dataframe(pd.read_csv(store.artifact(run, "trials.csv")), hide_index=True)
    except TrackingError:
        shell.say(f"It has logged nothing yet: `{RUN} -e tune -P study=… -P trials=0` draws it.")
    for name in ("history", "map", "curves", "importances", "slices"):
        try:
            st.image(str(store.artifact(run, f"figures/{name}.png")))
        except TrackingError:  # not drawn: too few trials, or parameters
            continue


show()
