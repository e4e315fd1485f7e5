"""The dashboard as a process of its own, and the browser that this machine has."""

import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from tests.mlflow_server import free_port, wait_for

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
    command = [sys.executable, "-m", "entry_points.dashboard", "--port", str(port)]
    command += ["--data_dir", str(seeded.data_dir)]
    log = seeded.folder / "dashboard.log"
    with log.open("wb") as file:
        server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=file, stderr=file)
    try:
        health = f"http://127.0.0.1:{port}/_stcore/health"
        wait_for(lambda: server.poll() is None, health, log, patience=180)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait()
