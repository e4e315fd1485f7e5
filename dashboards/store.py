"""What pages read from MLflow. Each thing is read once, and again when its run has changed."""

import atexit
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import streamlit as st

from dashboards.choices import Choice, rows_of
from seglab.data.files import digest_of
from seglab.errors import TrackingError
from seglab.results.config import DATA_DIR
from seglab.results.live import Standing, live
from seglab.tracking import reader
from seglab.tracking.store import store_uri

_NAMES: dict[str, list[str]] = {}
"""Experiments of each store, as they were read last: what is known is shown while it is away."""
MANY = 20
"""Histories whose reading takes long enough to show how far it is."""


def experiment_names() -> list[str]:
    """Experiments of the store, the one with the newest run first."""
    return _experiment_names(store_uri())


def standing(experiment: str) -> Standing:
    """Runs and results of an experiment."""
    return live(store_uri(), experiment).standing()


def choices(standing: Standing) -> list[Choice]:
    """Every configuration that was trained, of the experiment that is chosen."""
    version = standing.snapshot.version
    return _choices(store_uri(), st.session_state["experiment"], version, standing.snapshot.runs)


def colours(standing: Standing) -> dict[str, str]:
    """The colour of each run, by its id."""
    return {run: choice.colour for choice in choices(standing) for run in choice.runs}


def data_dir() -> str:
    """Folder of prepared data sets."""
    return os.environ.get(DATA_DIR) or "data"


def histories(runs: pd.DataFrame, metrics: Sequence[str]) -> pd.DataFrame:
    """Every value of ``metrics`` of ``runs``, as of ``reader.read_histories``."""
    bar = st.progress(0.0, "reading curves") if len(runs) > MANY else None
    frames = []
    for number, (_, run) in enumerate(runs.iterrows(), start=1):
        frames.append(_history(store_uri(), run["run_id"], tuple(metrics), state_of(run)))
        if bar:
            bar.progress(number / len(runs), f"reading curves: {number} of {len(runs)} runs")
    if bar:
        bar.empty()
    return pd.concat(frames, ignore_index=True) if frames else reader.read_histories([], [])


def per_picture(run: "pd.Series[str]", folder: str = "evaluation") -> pd.DataFrame | None:
    """Per-picture rows of a run; None where there are none, or none any more."""
    try:
        path = artifact(run, f"{folder}/per_image.parquet")
    except TrackingError:
        return None
    return _read_parquet(str(path), path.stat().st_mtime_ns)


def artifact(run: "pd.Series[str]", path: str) -> Path:
    """A file of a run on this machine. Raises ``TrackingError`` if the run has no such file."""
    folder = _downloads() / run["run_id"] / state_of(run)
    goal = folder / reader.safe_path(path)
    return goal if goal.exists() else reader.download(run["run_id"], path, folder)


def state_of(run: "pd.Series[str]") -> str:
    """Changes whenever anything that MLflow says of a run did, a second evaluation included."""
    said = repr(run.dropna().to_dict())
    return digest_of(said)


@st.cache_data(ttl=20, show_spinner=False)
def _experiment_names(store: str) -> list[str]:
    try:
        _NAMES[store] = reader.experiment_names()
    except TrackingError:
        if store not in _NAMES:
            raise
    return _NAMES[store]


@st.cache_data(max_entries=10, show_spinner=False)
def _choices(store: str, experiment: str, version: int, _runs: pd.DataFrame) -> list[Choice]:
    return rows_of(_runs)


@st.cache_data(max_entries=5000, show_spinner=False)
def _history(store: str, run_id: str, metrics: tuple[str, ...], state: str) -> pd.DataFrame:
    return reader.read_histories([run_id], metrics)


@st.cache_data(max_entries=200, show_spinner=False)
def _read_parquet(path: str, changed: int) -> pd.DataFrame:
    return pd.read_parquet(path)


@st.cache_resource
def _downloads() -> Path:
    folder = tempfile.mkdtemp(prefix="seglab-dashboard-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)
