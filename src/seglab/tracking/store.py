"""The MLflow store: found, initialised once, and said how to look into."""

import logging
import os
import re
import shlex
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path

import mlflow
from mlflow import MlflowClient
from mlflow.utils.credentials import get_default_host_creds
from mlflow.utils.rest_utils import http_request
from sqlalchemy import make_url

from seglab.errors import SilentServerError, TrackingError
from seglab.reasons import first_line, shown, silence, status, storable, tracker_reason
from seglab.tracking.database import alone_with, check_database, database_url, sqlite_path

PATIENCE = 4.0
"""Seconds a server may take to answer before a job refuses to start."""

DEFAULTS = {
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    # MLflow repeats a request for four minutes before it says that a server is gone. Writing has
    # patience of its own (the spool); reading is told soon, and can be done again.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
}
"""Environment of MLflow, where the user's names no other."""
for _name, _value in DEFAULTS.items():
    os.environ.setdefault(_name, _value)
if "MLFLOW_LOGGING_LEVEL" not in os.environ:
    for _name in ("mlflow", "alembic"):
        logging.getLogger(_name).setLevel(logging.WARNING)


def prepare_store() -> str:
    """URI of the store, ready for use: MLFLOW_TRACKING_URI, or ``mlflow.db`` in this folder.

    A fresh sqlite database is initialised once, however many processes start on it (MLflow alone
    leaves it broken for good then). Raises ``TrackingError`` within 5 s if a server does not
    answer.
    """
    uri = mlflow.get_tracking_uri()
    _prepare(uri)
    return uri


def connect() -> MlflowClient:
    """A client of the prepared store; raises ``TrackingError`` if there is no using it."""
    uri = prepare_store()
    with told("opening"):
        return MlflowClient(uri)


def store_uri() -> str:
    """URI of the store in a form that means the same from any folder."""
    return absolute(mlflow.get_tracking_uri())


def absolute(uri: str) -> str:
    """``uri`` of a database, in a form that means the same from any folder."""
    if not uri.startswith("sqlite:"):
        return uri
    url, path = make_url(uri), sqlite_path(uri)
    try:
        return url.set(database=str(path)).render_as_string(hide_password=False)
    except UnicodeEncodeError as fault:
        raise TrackingError(
            f"the store would lie in {storable(str(path.parent))}, whose name is not UTF-8, which "
            "no URI can say; rename that folder, or set MLFLOW_TRACKING_URI to another place"
        ) from fault


def ui_hint(experiment_id: str = "0") -> str:
    """How to look at an experiment's runs: a link, or for a database the command that serves it."""
    uri = mlflow.get_tracking_uri()
    if uri.startswith("http"):
        return training_view(shown(uri), experiment_id)
    command = f"python -m entry_points.server --store {shlex.quote(shown(uri))}"
    return f"{command}   then open {training_view('http://127.0.0.1:5000', experiment_id)}"


def training_view(address: str, experiment_id: str = "0") -> str:
    """Link to the runs of an experiment; left to itself the UI opens its view of chat agents."""
    page = f"#/experiments/{experiment_id}/runs?workflowType=machine_learning"
    return f"{address.rstrip('/')}/{page}"


@contextmanager
def told(doing: str) -> Iterator[None]:
    """Raises whatever MLflow and its stores raise within as ``TrackingError`` naming the store.

    MLflow's stores (SQLAlchemy, requests, boto3, the file system) share no class of exception, so
    only calls into MLflow belong inside.
    """
    try:
        yield
    except TrackingError:
        raise
    except Exception as fault:
        raise TrackingError(
            f"{doing} failed in the store {shown(mlflow.get_tracking_uri())} "
            f"(MLFLOW_TRACKING_URI): {tracker_reason(fault, _user())}"
        ) from fault


@contextmanager
def unrepeated() -> Iterator[None]:
    """Within, MLflow sends a request once: one it repeats by itself could be taken twice."""
    with _REPEATS.lock:
        if not _REPEATS.users:
            _REPEATS.before = os.environ[_REPEATS.name]
            os.environ[_REPEATS.name] = "0"
        _REPEATS.users += 1
    try:
        yield
    finally:
        with _REPEATS.lock:
            _REPEATS.users -= 1
            if not _REPEATS.users:
                os.environ[_REPEATS.name] = _REPEATS.before


def _user() -> str:
    """Who asks a server; empty without a name."""
    uri = mlflow.get_tracking_uri()
    if not uri.startswith("http"):
        return ""
    named = get_default_host_creds(uri).username  # type: ignore[no-untyped-call]
    within = re.match(r"https?://([^:@/]+)(:[^@/]*)?@", uri)
    return str(named or (within[1] if within else ""))


class _Repeats:
    """MLflow's only way to say how often it repeats a request, which all threads share."""

    name = "MLFLOW_HTTP_REQUEST_MAX_RETRIES"
    before = ""
    users = 0
    lock = threading.Lock()


_REPEATS = _Repeats()


@cache
def _prepare(uri: str) -> None:
    if uri.startswith("sqlite:"):
        _initialise(uri)
    elif uri.startswith("http"):
        _expect_answer(uri)
    elif uri.startswith(("postgres", "mysql", "mssql")):
        # MLflow alone tries for two minutes, and prints what it meets each time.
        check_database(database_url(uri), "MLFLOW_TRACKING_URI")
    elif re.fullmatch(r"[\w.-]+:\d+/?", uri):
        raise TrackingError(f"MLFLOW_TRACKING_URI={uri} lacks how to get there; write http://{uri}")


def _initialise(uri: str) -> None:
    path = sqlite_path(uri)
    if not path.parent.is_dir():
        raise TrackingError(
            f"the folder of the store {uri} does not exist; make it or correct MLFLOW_TRACKING_URI"
        )
    if _initialised(path):
        return
    with told("opening"), alone_with(uri):
        if not _initialised(path):
            MlflowClient(uri).search_experiments(max_results=1)


def _initialised(path: Path) -> bool:
    """Whether a database has all of MLflow's tables: the first experiment is added after them."""
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
            return bool(database.execute("SELECT 1 FROM experiments LIMIT 1").fetchone())
    except sqlite3.Error:
        return False


def _expect_answer(uri: str) -> None:
    """Raises ``SilentServerError`` unless the server answers in time."""
    fault = _silence(uri)
    if fault:
        raise SilentServerError(
            f"the tracking server {shown(uri)} (MLFLOW_TRACKING_URI) does not answer: {fault}. "
            "Start it (`make serve`), correct MLFLOW_TRACKING_URI, or unset it to use mlflow.db "
            "in this folder"
        )


def answers(uri: str) -> bool:
    """Whether a server answers in time; a store without a server does."""
    return not uri.startswith("http") or not _silence(uri)


def _silence(uri: str) -> str:
    """Why a server gives no answer; empty if it gives one.

    It is asked in a thread of its own, because no timeout of a request covers the name look-up.
    """
    faults = [f"no answer within {PATIENCE:.0f} s"]

    def ask() -> None:
        try:
            answer = http_request(  # type: ignore[no-untyped-call]
                get_default_host_creds(uri),  # type: ignore[no-untyped-call]
                "/health",
                "GET",
                timeout=PATIENCE,
                max_retries=0,
            )
            # Whoever answers 4xx is there; what it refuses is told by the call it refuses.
            faults[:] = [f"HTTP status {answer.status_code}"] if answer.status_code >= 500 else []
        except Exception as fault:
            answered = status(fault)
            said = silence(fault) or first_line(fault)
            faults[:] = [f"HTTP status {answered}" if answered else said]

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(PATIENCE)
    return "".join(faults)
