"""Runs, artifacts and models read back."""

import re
import shlex
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path, PureWindowsPath
from typing import Any, NamedTuple

import mlflow
import pandas as pd
from mlflow import MlflowClient
from mlflow.entities import Run

from seglab.errors import MissingArtifactError, TrackingError
from seglab.reasons import shown
from seglab.tracking.lifecycle import experiment_of_environment, find_run
from seglab.tracking.store import connect, told
from seglab.tracking.writer import settle_open

COLUMNS = ["run_id", "name", "status", "start_time", "end_time"]
"""Columns of a table of runs that has no run."""
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
"""Names that are devices on Windows, with any extension."""


class RunInfo(NamedTuple):
    """What a run says about itself."""

    id: str
    name: str
    status: str
    experiment: str
    experiment_id: str
    params: dict[str, str]
    metrics: dict[str, float]
    tags: dict[str, str]


class LoggedModel(NamedTuple):
    """A downloaded model: its checkpoint and what was said of it when it was logged."""

    checkpoint: Path
    metadata: dict[str, Any]


def read_runs(experiment: str) -> pd.DataFrame:
    """One row a run of an experiment, newest first; deleted runs are left out.

    Columns: run_id, name, status, start_time and end_time (UTC), and ``params.*``, ``metrics.*``
    (latest values) and ``tags.*`` of all runs, NaN where a run has none. Raises ``TrackingError``
    listing the experiments if there is no such one.
    """
    client = _connect()
    with told(f"reading experiment {experiment!r}"):
        found = client.get_experiment_by_name(experiment)
        if found is None:
            names = [repr(other.name) for other in client.search_experiments()]
            raise TrackingError(
                f"there is no experiment {experiment!r} in the store {shown(client.tracking_uri)}; "
                f"it has {', '.join(names)}"
            )
        runs = mlflow.search_runs([found.experiment_id], output_format="list")
    frame = pd.DataFrame([_row(run) for run in runs], columns=None if runs else COLUMNS)
    for column in ("start_time", "end_time"):
        frame[column] = pd.to_datetime(frame[column], unit="ms", utc=True)
    return frame


def experiment_names() -> list[str]:
    """Names of the store's experiments, the one with the newest run first."""
    client = _connect()
    with told("looking for experiments"):
        names = {e.experiment_id: str(e.name) for e in client.search_experiments()}
        newest = client.search_runs(list(names), order_by=["start_time DESC"], max_results=1)
    first = [names[run.info.experiment_id] for run in newest]
    return list(dict.fromkeys([*first, *names.values()]))


def current_experiment() -> str:
    """Name of the experiment that a new run goes into."""
    return str(experiment_of_environment(connect()).name)


def read_histories(run_ids: Sequence[str], metrics: Sequence[str]) -> pd.DataFrame:
    """Every value of some metrics: run_id, metric, step, value; by run, metric and step."""
    client = _connect()
    rows = []
    for run_id in run_ids:
        with told(f"reading the metrics of run {run_id}"):
            rows += [
                (run_id, metric, point.step, point.value)
                for metric in metrics
                for point in client.get_metric_history(run_id, metric)
            ]
    frame = pd.DataFrame(rows, columns=["run_id", "metric", "step", "value"])
    return frame.sort_values(["metric", "step"], kind="stable").reset_index(drop=True)


def run_info(run_id: str) -> RunInfo:
    """Name, status, experiment, params, metrics and tags of a run.

    Raises ``TrackingError`` if there is no such run.
    """
    client = _connect()
    run = find_run(client, run_id)
    with told(f"reading run {run_id}"):
        experiment = client.get_experiment(run.info.experiment_id)
    return RunInfo(
        id=run.info.run_id,
        name=run.info.run_name,
        status=run.info.status,
        experiment=experiment.name,
        experiment_id=experiment.experiment_id,
        params=_params(run),
        metrics=run.data.metrics,
        tags=run.data.tags,
    )


def download(run_id: str, artifact_path: str, into: Path) -> Path:
    """The artifact (file or folder) of a run, copied below ``into``: whole, or not there at all.

    Raises ``MissingArtifactError`` listing what is there if the run has no such artifact, and
    ``TrackingError`` if it cannot be had.
    """
    goal = into / safe_path(artifact_path)
    client = _connect()
    run_id = find_run(client, run_id).info.run_id
    with told(f"downloading {artifact_path!r} of run {run_id}"):
        folder = artifact_path.rpartition("/")[0]
        names = [item.path for item in client.list_artifacts(run_id, folder or None)]
        if artifact_path not in names:
            raise MissingArtifactError(
                f"run {run_id} has no artifact {artifact_path!r} in the store "
                f"{shown(client.tracking_uri)}; there are: {', '.join(names) or 'none'}"
            )
        into.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=into) as scratch:
            _move(Path(client.download_artifacts(run_id, artifact_path, scratch)), goal)
    return goal


def download_model(uri: str, into: Path) -> LoggedModel:
    """The model ``uri`` names, copied to the folder ``into/model``.

    ``uri`` is ``models:/name@alias``, ``models:/name/version``, ``models:/m-…`` or
    ``runs:/<run id>/<name>``. Raises ``TrackingError`` if there is no such model, or none of ours.
    """
    if not uri.startswith(("models:/", "runs:/")):
        raise TrackingError(
            f"{uri!r} names no MLflow model; give models:/<name>@<alias>, models:/<name>/<version> "
            "or runs:/<run id>/<name>"
        )
    client = _connect()
    goal = into / "model"
    into.mkdir(parents=True, exist_ok=True)
    if uri.startswith("runs:/"):
        run_id, _, name = uri.removeprefix("runs:/").partition("/")
        uri = f"runs:/{find_run(client, run_id).info.run_id}/{name}"
    with told(f"downloading model {uri!r}"), tempfile.TemporaryDirectory(dir=into) as scratch:
        _move(Path(mlflow.artifacts.download_artifacts(uri, dst_path=scratch)), goal)
    return _read_model(goal, uri)


def _connect() -> MlflowClient:
    """A client that finds all that this process has logged."""
    settle_open()
    return connect()


def safe_path(path: str) -> str:
    """``path`` if, on any system, it stays below the folder it is put into.

    Raises ``TrackingError`` otherwise.
    """
    strict = PureWindowsPath(path)
    if (
        strict.anchor
        or not strict.parts
        or "\0" in path
        or any(part == ".." or RESERVED.fullmatch(part) for part in strict.parts)
    ):
        raise TrackingError(f"artifact name {path!r} is refused: it must be a path below its run")
    return path


def unquoted(text: str) -> str:
    """A param as it was given: ``mlflow run`` logs its text quoted for the shell."""
    if not text.startswith("'"):
        return text
    try:
        words = shlex.split(text)
    except ValueError:
        return text
    return words[0] if len(words) == 1 else text


def _row(run: Run) -> dict[str, object]:
    info = run.info
    return {
        "run_id": info.run_id,
        "name": info.run_name,
        "status": info.status,
        "start_time": info.start_time,
        "end_time": info.end_time,
        **{f"params.{key}": value for key, value in _params(run).items()},
        **{f"metrics.{key}": value for key, value in run.data.metrics.items()},
        **{f"tags.{key}": value for key, value in run.data.tags.items()},
    }


def _params(run: Run) -> dict[str, str]:
    project = run.data.tags.get("mlflow.source.type") == "PROJECT"
    return {key: unquoted(text) if project else text for key, text in run.data.params.items()}


def _read_model(folder: Path, uri: str) -> LoggedModel:
    # Importing mlflow.models takes a second, which readers of runs need not pay.
    from mlflow.models import Model

    with told(f"reading model {uri!r}"):
        described = Model.load(str(folder))
    data = described.flavors.get("python_function", {}).get("data")
    if not data or not (folder / safe_path(data)).is_file():
        raise TrackingError(f"model {uri!r} holds no checkpoint: it was not logged by seglab")
    return LoggedModel(folder / data, described.metadata or {})


def _move(source: Path, goal: Path) -> None:
    if goal.is_dir():
        shutil.rmtree(goal)
    goal.parent.mkdir(parents=True, exist_ok=True)
    source.replace(goal)
