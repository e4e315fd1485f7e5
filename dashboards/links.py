"""Addresses: of pages of this app, and of runs in MLflow's UI."""

import os
from collections.abc import Sequence
from urllib.parse import urlencode

from seglab.reasons import shown
from seglab.results.config import UI
from seglab.tracking.store import store_uri


def mlflow_ui() -> str:
    """Address of the MLflow UI without a stroke at its end; empty if there is none to be known."""
    uri = os.environ.get(UI) or store_uri()
    return shown(uri).rstrip("/") if uri.startswith("http") else ""


def mlflow_run(experiment_id: str, run_id: str) -> str:
    """The run in MLflow's UI, whose address must be known."""
    return f"{mlflow_ui()}/#/experiments/{experiment_id}/runs/{run_id}"


def page(name: str, **parameters: str | Sequence[str]) -> str:
    """A page of this app from another one: ``run?experiment=Default&run=…``."""
    return f"{name}?{urlencode(parameters, doseq=True)}"
