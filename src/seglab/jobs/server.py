"""The server job: what is to be served, checked, and then MLflow's server over it."""

import os
from collections.abc import Callable
from contextlib import ExitStack
from ipaddress import ip_address
from pathlib import Path
from typing import TypeVar

from seglab.data.upload import check_writable
from seglab.errors import SeglabError, TrackingError, all_faults
from seglab.tracking.config import ServerConfig
from seglab.tracking.database import check_database, database_url, refuse_public_password
from seglab.tracking.server import Serving, check_administrator, check_version, listen, run_server

Result = TypeVar("Result")


def serve(config: ServerConfig) -> None:
    """Serves what ``config`` names until Ctrl-C or SIGTERM."""
    with ExitStack() as stack:
        serving = plan_serving(config, stack)
        run_server(serving)


def plan_serving(config: ServerConfig, stack: ExitStack) -> Serving:
    """What is to be served, listening already; ``stack`` closes it.

    Raises ``TrackingError`` listing all that is wrong with database, artifacts and address.
    """
    faults: list[str] = []

    def checked(check: Callable[[], Result]) -> Result | None:
        try:
            return check()
        except SeglabError as fault:
            faults.append(str(fault))
            return None

    given_by = "--store" if config.store else "MLFLOW_BACKEND_STORE_URI"
    store = database_url(config.store or from_environment("MLFLOW_BACKEND_STORE_URI"))
    store = store or "sqlite:///mlflow.db"
    given = config.artifacts or from_environment("MLFLOW_ARTIFACTS_DESTINATION") or "mlartifacts"
    allowed = config.allowed_hosts or tuple(
        from_environment("MLFLOW_SERVER_ALLOWED_HOSTS").replace(",", " ").split()
    )
    instead = "give the address in MLFLOW_BACKEND_STORE_URI"
    checked(lambda: refuse_public_password(config.store, "--store", instead))
    has_tables = checked(lambda: check_database(store, given_by))
    if has_tables:
        checked(lambda: check_version(store))
    if config.auth:
        checked(lambda: check_administrator(store, has_tables))
    artifacts = checked(lambda: check_artifacts(given))
    checked(lambda: check_names(config.host, allowed))
    listener = checked(lambda: listen(config.host, config.port))
    if listener:
        stack.enter_context(listener)
    if faults or artifacts is None or listener is None:
        raise TrackingError(
            all_faults("the server cannot start", faults, "Mend this and start it again.")
        )
    return Serving(store, artifacts, listener, allowed, config.auth)


def from_environment(name: str) -> str:
    """A variable, empty where there is none."""
    return os.environ.get(name, "").strip()


def check_artifacts(given: str) -> str:
    """Where artifacts are kept, in a form that means the same from any folder.

    Raises ``SeglabError`` if nothing can be written there.
    """
    if given.startswith("s3://"):
        check_writable(given, "MLFLOW_S3_ENDPOINT_URL")
        return given
    if "://" in given or given.startswith("s3:"):
        raise TrackingError(f"--artifacts={given} is neither a folder nor s3://bucket/prefix")
    folder = Path(given).expanduser().absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise TrackingError(
            f"--artifacts={given} cannot be made: {fault.strerror}; give another folder"
        ) from fault
    if not os.access(folder, os.W_OK):
        raise TrackingError(f"--artifacts={given} cannot be written; give another folder")
    return str(folder)


def check_names(host: str, allowed: tuple[str, ...]) -> None:
    """Raises ``TrackingError`` if other machines are to reach a server that would refuse them."""
    if not allowed and not is_loopback(host):
        raise TrackingError(
            f"--host={host} is for other machines: --allowed_hosts must list the names or "
            "addresses that they reach this one by (mlflow.lab.example,10.0.0.5), for a server "
            "that takes any name can be used by any web page"
        )
    open_ended = [name for name in allowed if "*" in name and not name.startswith("*.")]
    if open_ended:
        raise TrackingError(
            f"--allowed_hosts={','.join(open_ended)} would let in names that a stranger can make "
            "(10.* takes 10.evil.example, too): list names and addresses, or *.lab.example"
        )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
