"""MLflow's server in this process: one process instead of fifteen, on a store that is checked."""

import errno
import logging
import os
import secrets
import socket
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from configparser import RawConfigParser
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn
from mlflow.store.db.utils import _verify_schema
from sqlalchemy import inspect, text

from seglab.errors import TrackingError
from seglab.reasons import first_line, shown
from seglab.tracking.database import alone_with, connected
from seglab.tracking.signals import Terminated, stop_signals, stop_with_parent
from seglab.tracking.store import training_view

PATIENCE = 5
"""Seconds that open requests get when the server ends."""
PASSWORD_KEPT = 60
"""Seconds for which a checked password counts: MLflow alone hashes it anew, 0.2 s a request."""
ADMINISTRATOR = "admin"
"""Who gives users their passwords, if MLFLOW_AUTH_ADMIN_USERNAME names nobody else."""
SHORTEST_PASSWORD = 12
"""Characters that MLflow wants of a password."""
REFUSED_PASSWORD = "password1234"
"""The administrator's in earlier versions of MLflow, which refuses it now."""
PROXIED = "mlflow-artifacts:/"
"""Where clients are told that artifacts are: behind the server, so they need no keys of S3's."""


@dataclass(frozen=True)
class Serving:
    """What is served, all of it checked."""

    store: str
    """URL of a database."""
    artifacts: str
    """A folder or ``s3://bucket/prefix``."""
    listener: socket.socket
    allowed_hosts: tuple[str, ...]
    auth: bool

    @property
    def address(self) -> str:
        """Where a client finds it."""
        host, port = self.listener.getsockname()[:2]
        everywhere = host in ("0.0.0.0", "::")
        named = [name for name in self.allowed_hosts if "*" not in name]
        host = named[0] if everywhere and named else "127.0.0.1" if everywhere else host
        return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def listen(host: str, port: int) -> socket.socket:
    """A socket at which clients queue from now on; raises ``TrackingError`` if it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as fault:
        if fault.errno in (socket.EAI_NONAME, errno.EADDRNOTAVAIL):
            raise TrackingError(
                f"--host={host} is no address of this machine; give one, or 0.0.0.0 for all"
            ) from fault
        # Its own text has Python's words for what it attempted, too.
        why = os.strerror(fault.errno) if fault.errno else first_line(fault)
        raise TrackingError(
            f"--host={host} --port={port} cannot be listened at: {why}; end what listens there, "
            "or give another --port (0 takes a free one; `make serve "
            'FLAGS="--port 5001"`)'
        ) from fault


def check_version(store: str) -> None:
    """Raises ``TrackingError`` if the tables of a database are of another version of MLflow."""
    with _refused(store), alone_with(store), connected(store) as connection:
        _verify_schema(connection.engine)  # type: ignore[no-untyped-call]


def check_administrator(store: str, has_tables: bool | None) -> None:
    """Raises ``TrackingError`` if users are to need passwords, and the first of them has none.

    ``has_tables`` tells whether there may be users already; None if the database does not say.
    """
    if "MLFLOW_AUTH_CONFIG_PATH" in os.environ:
        return  # where both may stand
    name = os.environ.get("MLFLOW_AUTH_ADMIN_USERNAME", ADMINISTRATOR)
    password = os.environ.get("MLFLOW_AUTH_ADMIN_PASSWORD", "")
    if not name:
        raise TrackingError(
            "MLFLOW_AUTH_ADMIN_USERNAME is empty; name the administrator there, or unset it"
        )
    if has_tables and _has_user(store, name):
        return
    if len(password) < SHORTEST_PASSWORD or password == REFUSED_PASSWORD:
        what = "is too short, or known to all" if password else "is not set"
        unless = ", unless the database has this user already" if has_tables is None else ""
        raise TrackingError(
            f"--auth needs a password for its administrator {name!r}, but "
            f"MLFLOW_AUTH_ADMIN_PASSWORD {what}; set it to one of at least {SHORTEST_PASSWORD} "
            f"characters{unless}"
        )


def _has_user(store: str, name: str) -> bool:
    with _refused(store), connected(store) as connection:
        if not inspect(connection).has_table("users"):
            return False
        found = connection.execute(text("SELECT 1 FROM users WHERE username = :n"), {"n": name})
        return found.first() is not None


def run_server(serving: Serving) -> None:
    """Serves until Ctrl-C or SIGTERM, which let open requests end first.

    Raises ``TrackingError`` if MLflow does not take the database, as one of another version, or
    if there is to be authentication and no administrator can be made.
    """
    if os.environ.pop("MLFLOW_RUN_ID", None):
        stop_with_parent()  # which `mlflow run` is
    warnings.filterwarnings("ignore", module="mlflow")  # of what it uses itself
    os.environ.update(limits(serving.allowed_hosts))
    os.environ.update(places(serving))
    try:
        with stop_signals():
            app = _auth_app(serving.store) if serving.auth else _app(serving.store)
            config = uvicorn.Config(
                app,
                log_level="warning",
                access_log=False,
                timeout_graceful_shutdown=PATIENCE,
            )
            _Server(config, serving).run([serving.listener])
    except (KeyboardInterrupt, Terminated):
        print("seglab: the server has ended", flush=True)


def limits(allowed_hosts: Sequence[str]) -> dict[str, str]:
    """What MLflow's server may take up and let in, as variables."""
    # Jobs judge the answers of chat agents; their eight processes take 2 GB.
    variables = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    if allowed_hosts:
        # Browsers name where a page comes from with each change that it asks for.
        hosts = ("localhost", "127.0.0.1", *allowed_hosts)
        origins = [f"{scheme}://{host}" for scheme in ("http", "https") for host in hosts]
        for name, words in (("ALLOWED_HOSTS", hosts), ("CORS_ALLOWED_ORIGINS", origins)):
            both = [word for each in words for word in (each, f"{each}:*")]
            variables[f"MLFLOW_SERVER_{name}"] = ",".join(both)
    return variables


def places(serving: Serving) -> dict[str, str]:
    """What `mlflow server` hands to its workers, as variables."""
    # To import these loads half of MLflow, which reads the limits as it is loaded.
    from mlflow.environment_variables import _MLFLOW_SGI_NAME
    from mlflow.server import constants

    return {
        constants.BACKEND_STORE_URI_ENV_VAR: serving.store,
        constants.REGISTRY_STORE_URI_ENV_VAR: serving.store,
        constants.ARTIFACT_ROOT_ENV_VAR: PROXIED,
        constants.ARTIFACTS_DESTINATION_ENV_VAR: serving.artifacts,
        constants.SERVE_ARTIFACTS_ENV_VAR: "true",
        _MLFLOW_SGI_NAME.name: "uvicorn",
    }


def _app(store: str) -> str:
    """MLflow's server, after the tables of its database were made."""
    from mlflow.server.handlers import initialize_backend_stores

    with _refused(store), alone_with(store):
        initialize_backend_stores(store, store, PROXIED)
    return "mlflow.server.fastapi_app:app"


def _auth_app(store: str) -> Callable[..., Any]:
    """The same behind passwords; users are kept in the database of the runs."""
    _app(store)
    os.environ.setdefault("MLFLOW_FLASK_SERVER_SECRET_KEY", secrets.token_hex(32))
    logging.getLogger("mlflow.server.auth").addFilter(_is_no_experiment)
    with _refused(store, "authentication is not possible with "), _auth_config(store):
        # MLflow reads its configuration as this is imported.
        from mlflow.server.auth import create_app

        with alone_with(store):
            return create_app()


@contextmanager
def _auth_config(store: str) -> Iterator[None]:
    """Within, a file configures authentication, unless the user has one of his own.

    Everybody may read all and log to every experiment; deleting is for who made it.
    """
    if "MLFLOW_AUTH_CONFIG_PATH" in os.environ:
        yield
        return
    config = RawConfigParser()
    config["mlflow"] = {
        "default_permission": "EDIT",
        "database_uri": store.replace("%", "%%"),
        "admin_username": ADMINISTRATOR,
        "auth_cache_ttl_seconds": str(PASSWORD_KEPT),
    }
    with tempfile.NamedTemporaryFile("w", suffix=".ini", encoding="utf-8") as file:
        config.write(file)
        file.flush()
        os.environ["MLFLOW_AUTH_CONFIG_PATH"] = file.name
        try:
            yield
        finally:
            del os.environ["MLFLOW_AUTH_CONFIG_PATH"]


@contextmanager
def _refused(store: str, doing: str = "") -> Iterator[None]:
    """Raises what MLflow raises within as ``TrackingError`` naming the database."""
    try:
        yield
    except Exception as fault:
        raise TrackingError(f"{doing}the database {shown(store)}: {first_line(fault)}") from fault


def _is_no_experiment(record: logging.LogRecord) -> bool:
    return "still experimental" not in record.getMessage()


def welcome(serving: Serving) -> str:
    """What is served, and how to look at it and log to it."""
    lines = [
        f"seglab serves the runs of {shown(serving.store)}, their files in {serving.artifacts}",
        f"  look at them:  {training_view(serving.address)}",
        f"  log to it:     export MLFLOW_TRACKING_URI={serving.address}",
    ]
    if serving.auth:
        lines.append(
            "                 export MLFLOW_TRACKING_USERNAME=… MLFLOW_TRACKING_PASSWORD=…"
        )
    return "\n".join([*lines, "  end it:        Ctrl-C"])


class _Server(uvicorn.Server):
    """Says where it is once it answers."""

    def __init__(self, config: uvicorn.Config, serving: Serving) -> None:
        super().__init__(config)
        self._serving = serving

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        print(welcome(self._serving), flush=True)
