"""What all pages share: the experiment at hand, words instead of tracebacks, links."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from dashboards import store
from dashboards.links import mlflow_ui
from seglab.errors import RUN, SeglabError, counted
from seglab.results.live import Standing

LOG = logging.getLogger("seglab.dashboard")


@contextmanager
def told() -> Iterator[None]:
    """Within, whatever goes wrong is told in a sentence; what seglab does not word, is logged."""
    try:
        yield
    except SeglabError as fault:
        st.warning(str(fault), icon=":material/info:")
    except Exception as fault:
        LOG.exception("a page of the dashboard failed")
        st.error(
            f"This page failed: {type(fault).__name__}: {fault}. The terminal that the dashboard "
            "was started in has the details; please report them.",
            icon=":material/error:",
        )


def say(text: str) -> None:
    """Tells what to do, and shows nothing more of the page."""
    st.info(text, icon=":material/info:")
    st.stop()


def experiment() -> Standing:
    """The experiment that is chosen in the sidebar, as it stands."""
    names = store.experiment_names()
    with st.sidebar:
        name = st.selectbox("MLflow experiment", names, key="experiment", bind="query-params")
    standing = store.standing(name)
    with st.sidebar:
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
    read_at = snapshot.read_at.astimezone()
    st.caption(f"{counted(len(snapshot.runs), 'run')}, read at {read_at:%H:%M:%S}")
    if snapshot.fault:
        st.warning(f"These may be old: {snapshot.fault}", icon=":material/cloud_off:")
    if not mlflow_ui():
        st.caption(
            "No links to MLflow's UI: the store is a database. Start `make serve`, and the "
            "dashboard with `-P ui=http://127.0.0.1:5000`."
        )
    shown = snapshot.version, snapshot.fault

    @st.fragment(run_every=5)
    def watch() -> None:
        found = store.standing(name).snapshot
        if (found.version, found.fault) != shown:
            st.rerun()

    watch()
