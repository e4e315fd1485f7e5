"""A folder in which entry points run as users run them, on a store and data of its own."""

import os
from pathlib import Path

from mlflow import MlflowClient

from tests.mlflow_server import copy_database
from tests.preloaded import Program

ROOT = Path(__file__).parents[2]


class Workspace:
    """Data and MLflow store of one test module."""

    def __init__(self, folder, empty_database):
        copy_database(empty_database, folder / "mlflow.db", f"{folder}/mlruns")
        self.folder = folder
        self.data_dir = folder / "data"
        self.uri = f"sqlite:///{folder}/mlflow.db"
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("MLFLOW_", "SEGLAB_"))}
        self.environment = {
            **kept,
            "MLFLOW_TRACKING_URI": self.uri,
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "SEGLAB_SPOOL": str(folder / "spool"),
            "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]),
            "TORCH_HOME": str(folder / "torch"),
        }

    def start(self, program, **flags):
        """The entry point as a process; flags as keywords."""
        words = [word for flag, value in flags.items() for word in (f"--{flag}", str(value))]
        if program not in ("evaluate", "predict", "report"):
            words += ["--data_dir", str(self.data_dir)]
        return Program(f"entry_points.{program}", words, self.folder, self.environment)

    def run(self, program, **flags):
        """The entry point's output, after it ended well."""
        process = self.start(program, **flags)
        output, errors = process.communicate()
        assert process.returncode == 0, errors
        return output

    @property
    def client(self):
        return MlflowClient(self.uri)

    def runs(self):
        """All runs, newest first."""
        return self.client.search_runs(["0"])
