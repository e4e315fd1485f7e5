"""The dashboard as a process of its own, and the browser that this machine has."""

import os
import shutil
import signal
from contextlib import contextmanager
from pathlib import Path

from tests.mlflow_server import free_port, wait_for
from tests.preloaded import Program

ROOT = Path(__file__).parents[2]
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)


@contextmanager
def serving_dashboard(seeded):
    """Address of the dashboard over a seeded store; ended on leaving."""
    port = free_port()
    clean = {name: text for name, text in os.environ.items() if not name.startswith("MLFLOW_")}
    environment = clean | {
        "MLFLOW_TRACKING_URI": seeded.uri,
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]),
    }
    words = ["--port", str(port), "--data_dir", str(seeded.data_dir)]
    server = Program("entry_points.dashboard", words, ROOT, environment)
    try:
        health = f"http://127.0.0.1:{port}/_stcore/health"
        wait_for(lambda: server.poll() is None, health, server.errors, patience=180)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.send_signal(signal.SIGKILL)
        server.communicate()
