"""The dashboard job: the Streamlit app over the store of MLFLOW_TRACKING_URI."""

import os
import runpy
import sys
from contextlib import suppress
from pathlib import Path

import seglab
from seglab.errors import ConfigError, SeglabError
from seglab.figures.style import BLUE
from seglab.results.config import DATA_DIR, UI, DashboardConfig
from seglab.results.live import live
from seglab.tracking.reader import experiment_names
from seglab.tracking.store import store_uri

ROOT = Path(seglab.__file__).parents[2]
APP = ROOT / "dashboards" / "app.py"
CALM = {
    "server.headless": "true",
    "server.fileWatcherType": "none",
    "browser.gatherUsageStats": "false",
    "client.toolbarMode": "viewer",
    "client.showErrorDetails": "none",
    "runner.magicEnabled": "false",
    "theme.primaryColor": BLUE,
    "theme.base": "light",
}
"""Streamlit's settings for an app that others look at."""


def dashboard(config: DashboardConfig) -> None:
    """Serves the app until it is interrupted."""
    if not APP.exists():
        raise ConfigError(f"{APP} is missing: the dashboard is started from a checkout of seglab")
    # MLflow's run, under `mlflow run`, is of this command, and of nothing the app reads.
    os.environ.pop("MLFLOW_RUN_ID", None)
    os.environ[DATA_DIR], os.environ[UI] = config.data_dir, config.ui
    sys.path.insert(0, str(ROOT))
    warm_up()
    options = CALM | {"server.address": config.host, "server.port": str(config.port)}
    flags = [f"--{name}={value}" for name, value in options.items()]
    sys.argv = ["streamlit", "run", str(APP), *flags]
    runpy.run_module("streamlit", run_name="__main__")


def warm_up() -> None:
    """Reads what the first page needs before there is anybody who would wait for it."""
    print("seglab: reading runs", flush=True)
    # A store that cannot be read is told by the page, which tries again.
    with suppress(SeglabError):
        for name in experiment_names()[:1]:
            live(store_uri(), name).standing()
