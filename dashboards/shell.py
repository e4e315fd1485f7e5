"""What all pages share: their head with the experiment at hand, words instead of tracebacks."""

import gc
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import NoReturn

import streamlit as st

from dashboards import address, store
from seglab.errors import RUN, SeglabError, TrackingError, counted
from seglab.results.live import Standing

LOG = logging.getLogger("seglab.dashboard")
RETRY = 10.0
"""Seconds until a page that could not be shown is tried again."""

OF_RUNS = ("a", "b", "curve", "dataset", "norm", "picture", "rows", "run", "runs", "split", "study")
"""What an address says of an experiment's own runs."""


@contextmanager
def told() -> Iterator[None]:
    """Within, whatever goes wrong is told in a sentence; what seglab does not word, is logged."""
    try:
        yield
    except TrackingError as fault:
        note(str(fault))
        st.warning(f"{sentence(fault)} This page tries again by itself.", icon=":material/info:")
        try_again()
    except SeglabError as fault:
        st.warning(sentence(fault), icon=":material/info:")
    except Exception as fault:
        LOG.exception("a page of the dashboard failed")
        st.error(
            f"This page failed: {type(fault).__name__}: {fault}. The terminal that the dashboard "
            "was started in has the details; please report them.",
            icon=":material/error:",
        )


@cache
def leave_imports_alone(page: str) -> None:
    """Called after the first sight of each page, it spares the later ones a fifth of a second.

    Streamlit looks for garbage whenever a page was drawn, and there is none among what was imported
    for it.
    """
    gc.freeze()


def sentence(fault: SeglabError) -> str:
    """A fault as a sentence of its own."""
    text = str(fault)
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def try_again() -> None:
    """Draws the page anew after a while."""
    drawn = False

    @st.fragment(run_every=RETRY)
    def again() -> None:
        nonlocal drawn
        if drawn:
            st.rerun()
        drawn = True

    again()


def note(fault: str) -> None:
    """One line in the terminal when a visitor meets a fault of the store, the first time."""
    noted = st.session_state.setdefault("noted", set())
    if fault and fault not in noted:
        LOG.warning("seglab: %s", fault)
        noted.add(fault)


def say(text: str) -> NoReturn:
    """Tells what to do, and shows nothing more of the page."""
    st.info(text, icon=":material/info:")
    address.complete()
    st.stop()


def experiment(title: str, of: str = "") -> Standing:
    """The page's head, with the experiment that is chosen there; how that stands.

    Where the address names none, it is the one ``of`` which the address names a run, or the one
    that another page was left with.
    """
    left, right = st.columns([2, 1])
    left.title(title)
    names = store.experiment_names()
    found = next((name for name in (of, st.session_state.get("kept")) if name in names), "")
    name = address.one(
        right.selectbox, "MLflow experiment", names, "experiment",
        default=found, keep=True, drop=OF_RUNS,
    )  # fmt: skip
    st.session_state["kept"] = name
    standing = store.standing(name)
    with left:
        freshness(name, standing)
    if standing.snapshot.runs.empty:
        say(
            f"The experiment {name!r} has no run yet. `make demo` makes a first one in a few "
            f"minutes; `{RUN} -e train` trains on your data. This page shows it by itself."
        )
    return standing


def freshness(name: str, standing: Standing) -> None:
    """Says how old the page's numbers are, and draws the page anew when there are newer ones."""
    snapshot = standing.snapshot
    read = f"read at {snapshot.read_at.astimezone():%H:%M:%S}"
    st.caption(f"{counted(len(snapshot.runs), 'run')}, {read}")
    note(snapshot.fault)
    if snapshot.fault:
        st.warning(f"These may be old: {snapshot.fault}", icon=":material/cloud_off:")
    shown = snapshot.version, snapshot.fault

    @st.fragment(run_every=5)
    def watch() -> None:
        found = store.standing(name).snapshot
        if (found.version, found.fault) != shown:
            st.rerun()

    watch()
