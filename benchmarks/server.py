"""The tracking server beside plain `mlflow server`: start, processes, memory and time a call.

    PYTHONPATH=src python -m benchmarks.server --output server.json

Both keep runs in a fresh sqlite database and files in a folder of this machine. Plain MLflow runs
as `pip install mlflow` leaves it, on asyncio; with authentication it gets the same users.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import psutil
import tyro
from mlflow import MlflowClient
from mlflow.entities import Metric

from benchmarks import program
from benchmarks.measure import Row, alternate, medians, report
from tests.mlflow_server import free_port

ADMIN = {
    "MLFLOW_TRACKING_USERNAME": "admin",
    "MLFLOW_TRACKING_PASSWORD": "a password of the benchmark",
}
SECRETS = {
    "MLFLOW_AUTH_ADMIN_PASSWORD": ADMIN["MLFLOW_TRACKING_PASSWORD"],
    "MLFLOW_FLASK_SERVER_SECRET_KEY": "a secret of the benchmark",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}
VALUES = 100
"""Metrics in a call of log_batch."""
KINDS = {f"log_batch of {VALUES} metrics": "log_batch", "get_run": "get_run"}
"""What is called, and its name in the client."""


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """Seconds to start, processes, memory in MB, and milliseconds a call."""

    calls: int = 40
    """Calls of each kind and server, in turn."""
    starts: int = 2
    """Starts of each server, in turn, each on an empty database; the last one takes the calls."""
    output: str = ""
    """JSON file to write; empty prints it."""


def seglab(folder: Path, port: int, auth: bool) -> list[str]:
    """The command of our server."""
    command = [sys.executable, "-m", "entry_points.server", "--port", str(port)]
    command += ["--store", f"sqlite:///{folder}/runs.db", "--artifacts", f"{folder}/files"]
    return [*command, "--auth", str(auth).lower()]


def plain(folder: Path, port: int, auth: bool) -> list[str]:
    """The command of MLflow's server."""
    command = [sys.executable, "-m", "mlflow", "server", "--port", str(port)]
    command += ["--backend-store-uri", f"sqlite:///{folder}/runs.db"]
    command += ["--artifacts-destination", f"{folder}/files", "--uvicorn-opts", "--loop asyncio"]
    return [*command, *(["--app-name", "basic-auth"] if auth else [])]


SERVERS: dict[str, Callable[[Path, int, bool], list[str]]] = {"seglab": seglab, "mlflow": plain}


class Size(NamedTuple):
    """Processes of a server, and their memory in MB."""

    processes: int
    memory: float


@dataclass(frozen=True)
class Running:
    """A server that answers."""

    address: str
    start: float
    process: psutil.Process

    @property
    def size(self) -> "Size":
        """What it takes up; pages that processes share are counted once."""
        processes = [self.process, *self.process.children(recursive=True)]
        return Size(len(processes), sum(e.memory_full_info().pss for e in processes) / 1e6)


@contextmanager
def serving(name: str, auth: bool = False) -> Iterator[Running]:
    """A server on an empty database, in a folder of its own."""
    with tempfile.TemporaryDirectory() as scratch:
        folder, port = Path(scratch), free_port()
        address = f"http://127.0.0.1:{port}"
        command = SERVERS[name](folder, port, auth)
        with program.serving(command, f"{address}/health", SECRETS) as (process, seconds):
            yield Running(address, seconds, process)


def main(benchmark: Benchmark) -> None:
    """Measures and reports."""
    os.environ |= ADMIN | {"MLFLOW_DISABLE_TELEMETRY": "true"}
    starts: dict[str, list[float]] = {name: [] for name in SERVERS}
    for _ in range(benchmark.starts - 1):
        for name, seconds in starts.items():
            with serving(name) as running:
                seconds.append(running.start)
    rows = []
    for auth in (False, True):
        with ExitStack() as stack:
            there = {name: stack.enter_context(serving(name, auth)) for name in SERVERS}
            time.sleep(10)  # until plain MLflow has all its processes
            for what, kind in KINDS.items():
                calls = {name: caller(server.address, kind) for name, server in there.items()}
                taken = medians(alternate(calls, benchmark.calls))
                what += ", with passwords" * auth
                rows.append(compared(what, "ms", {k: 1000 * v for k, v in taken.items()}))
            if not auth:
                for name, server in there.items():
                    starts[name].append(server.start)
                sizes = {name: server.size for name, server in there.items()}
    rows.insert(0, compared("start", "s", medians(starts)))
    rows.append(compared("processes", "", {k: v.processes for k, v in sizes.items()}))
    rows.append(compared("memory", "MB", {k: v.memory for k, v in sizes.items()}))
    # What the server promises without a peer.
    rows.append(Row(what="processes", ours=sizes["seglab"].processes, unit="", most=2))
    rows.append(Row(what="memory", ours=sizes["seglab"].memory, unit="MB", most=600))
    report("server", rows, {"start_seconds": starts}, benchmark.output)


def compared(what: str, unit: str, found: Mapping[str, float]) -> Row:
    """Our server's figure beside MLflow's."""
    ours, theirs = (round(found[name], 3) for name in SERVERS)
    return Row(what=what, ours=ours, unit=unit, against="mlflow server", theirs=theirs)


def caller(address: str, kind: str) -> Callable[[], object]:
    """One call of a kind to the server at ``address``."""
    client = MlflowClient(address)
    run = client.create_run("0").info.run_id
    if kind == "get_run":
        return lambda: client.get_run(run)
    steps = iter(range(10**9))

    def log_batch() -> None:
        step = next(steps)
        client.log_batch(run, [Metric(f"m{index}", 0.5, 0, step) for index in range(VALUES)])

    return log_batch


if __name__ == "__main__":
    main(tyro.cli(Benchmark))
