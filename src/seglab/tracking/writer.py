"""What is sent to one MLflow run, and how: at once, in the caller's thread."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8
from mlflow import MlflowClient
from mlflow.entities import DatasetInput, Metric, Param, RunTag

from seglab.tracking.store import told


class Value(NamedTuple):
    """One value of one metric."""

    key: str
    value: float
    step: int


class Writer:
    """Sends to a run; whatever fails is raised as ``TrackingError`` by the call that failed.

    A sender that buffers has these methods, and delivers in the order of the calls.
    """

    def __init__(self, client: MlflowClient, run_id: str) -> None:
        self.client = client
        self.run_id = run_id

    def batch(
        self,
        metrics: Sequence[Value] = (),
        params: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Sends metrics, params and tags together."""
        now = time.time_ns() // 1_000_000
        with told(f"logging to run {self.run_id}"):
            self.client.log_batch(
                self.run_id,
                metrics=[Metric(value.key, value.value, now, value.step) for value in metrics],
                params=[Param(key, value) for key, value in (params or {}).items()],
                tags=[RunTag(key, value) for key, value in (tags or {}).items()],
            )

    def dataset(self, dataset: DatasetInput) -> None:
        """Sends a data set as input of the run."""
        with told(f"logging data set {dataset.dataset.name!r} to run {self.run_id}"):
            self.client.log_inputs(self.run_id, [dataset])

    def image(self, key: str, pixels: UInt8[np.ndarray, "h w 3"], step: int) -> None:
        """Sends a picture that the UI shows as a card with a slider over steps."""
        with told(f"logging image {key!r} to run {self.run_id}"):
            self.client.log_image(self.run_id, pixels, key=key, step=step, synchronous=True)

    def text(self, text: str, path: str) -> None:
        """Sends a text as the artifact ``path``."""
        with told(f"logging {path} to run {self.run_id}"):
            self.client.log_text(self.run_id, text, path)

    def file(self, path: Path, folder: str) -> None:
        """Sends a file into ``folder`` of the run's artifacts."""
        with told(f"logging {path} to run {self.run_id}"):
            self.client.log_artifact(self.run_id, str(path), folder or None)

    def folder(self, path: Path, into: str) -> None:
        """Sends all files below ``path`` into the folder ``into`` of the run's artifacts."""
        with told(f"logging {path} to run {self.run_id}"):
            self.client.log_artifacts(self.run_id, str(path), into or None)
