"""What logging costs a training step: seglab beside plain MLflow, server fast, slow and down.

    PYTHONPATH=src python -m benchmarks.logging --output logging.json

A step logs eight metrics, then waits as long as a short step of a training computes. A slow server
takes two seconds a call. What arrived is counted when the server is well again.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import mlflow
import numpy as np
import tyro
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from benchmarks.measure import Row, report
from seglab.tracking.run import start_run
from tests.mlflow_server import free_port, serving
from tests.outages import Proxy

KEYS = [f"metric_{index}" for index in range(8)]
Log = Callable[[dict[str, float], int], object]


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """Milliseconds that a step spends on logging, and the share of the values that arrived."""

    steps: int = 300
    """Steps, of contenders that do not wait for the server."""
    waiting_steps: int = 3
    """Steps of those that do, where the server is slow or down; of a fast one ten times as many."""
    compute: float = 0.01
    """Seconds between two steps."""
    slow: float = 2.0
    """Seconds a call to the slow server."""
    output: str = ""
    """JSON file to write; empty prints it."""


def main(benchmark: Benchmark) -> None:
    """Measures and reports."""
    # By default MLflow tries a call again for four minutes: one attempt is its quickest.
    os.environ |= {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0", "MLFLOW_DISABLE_TELEMETRY": "true"}
    found: dict[str, dict[str, dict[str, float]]] = {}
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), free_port()) as address:
        os.environ["SEGLAB_SPOOL"] = f"{folder}/spool"
        for state in ("fast", "slow", "down"):
            found[state] = {
                name: contender(benchmark, address, state) for name, contender in CONTENDERS.items()
            }
    rows = []
    for state, parts in found.items():
        ours = parts["seglab"]["median_ms"]
        what = f"logging {len(KEYS)} metrics a step, server {state}"
        rows.append(Row(what=what, ours=ours, unit="ms", most=1))
        rows += [
            Row(what=what, ours=ours, unit="ms", against=name, theirs=parts[name]["median_ms"])
            for name in list(CONTENDERS)[1:]
        ]
    report("logging", rows, found, benchmark.output)


def seglab(benchmark: Benchmark, address: str, state: str) -> dict[str, float]:
    """``Run.metrics``."""
    proxy = Proxy(address)
    os.environ["MLFLOW_TRACKING_URI"] = proxy.address
    with start_run("seglab", params={}) as run:
        time.sleep(3)  # until params and tags of the start are delivered, which are no step
        milliseconds = steps(run.metrics, benchmark, benchmark.steps, proxy, state)
    return summary(milliseconds, address, run.id)


def log_metric(benchmark: Benchmark, address: str, state: str) -> dict[str, float]:
    """``mlflow.log_metric``, a call a metric."""

    def log(values: dict[str, float], step: int) -> None:
        for key, value in values.items():
            with suppress(MlflowException):
                mlflow.log_metric(key, value, step)

    count = benchmark.waiting_steps * (10 if state == "fast" else 1)
    return plain(benchmark, count, address, state, log)


def log_metrics_async(benchmark: Benchmark, address: str, state: str) -> dict[str, float]:
    """``mlflow.log_metrics(synchronous=False)``."""

    def log(values: dict[str, float], step: int) -> None:
        mlflow.log_metrics(values, step, synchronous=False)

    return plain(benchmark, benchmark.steps, address, state, log)


def plain(benchmark: Benchmark, count: int, address: str, state: str, log: Log) -> dict[str, float]:
    """A run of plain MLflow."""
    proxy = Proxy(address)
    os.environ["MLFLOW_TRACKING_URI"] = proxy.address
    with mlflow.start_run() as run:
        milliseconds = steps(log, benchmark, count, proxy, state)
        mlflow.flush_async_logging()
    return summary(milliseconds, address, run.info.run_id)


def steps(log: Log, benchmark: Benchmark, count: int, proxy: Proxy, state: str) -> list[float]:
    """Milliseconds of ``count`` steps, in the given state of the server, which is well after."""
    proxy.delay = benchmark.slow if state == "slow" else 0.0
    if state == "down":
        proxy.down()
    milliseconds = []
    for step in range(count):
        started = time.perf_counter()
        log(dict.fromkeys(KEYS, float(step)), step)
        milliseconds.append((time.perf_counter() - started) * 1000)
        time.sleep(benchmark.compute)
    proxy.delay = 0.0
    proxy.up()
    return milliseconds


def summary(milliseconds: list[float], address: str, run_id: str) -> dict[str, float]:
    """Median, 99th percentile, and the share of the values that the store has."""
    client = MlflowClient(address)
    there = sum(len(client.get_metric_history(run_id, key)) for key in KEYS)
    return {
        "median_ms": round(statistics.median(milliseconds), 4),
        "p99_ms": round(float(np.percentile(milliseconds, 99)), 4),
        "arrived": round(there / (len(KEYS) * len(milliseconds)), 4),
    }


CONTENDERS = {
    "seglab": seglab,
    "log_metric": log_metric,
    "log_metrics_async": log_metrics_async,
}

if __name__ == "__main__":
    main(tyro.cli(Benchmark))
