"""Databases that runs are kept in: sqlite files and PostgreSQL, checked before they are used."""

import os
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from filelock import FileLock
from sqlalchemy import Connection, create_engine, inspect, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from seglab.errors import TrackingError
from seglab.reasons import database_reason, first_line, shown

PATIENCE = 4
"""Seconds that a database may take to answer."""
KINDS = "sqlite:///file or postgresql://user:password@host/database"


def database_url(text: str) -> str:
    """``text`` with PostgreSQL's driver named: which one is meant differs with SQLAlchemy."""
    return re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", text)


def sqlite_path(uri: str) -> Path:
    """The file of a sqlite database."""
    return Path(make_url(uri).database or "mlflow.db").absolute()


def holds_password(url: str) -> bool:
    """Whether there is a password in the URL of a database; False for what is no URL."""
    try:
        found = make_url(url)
    except (ArgumentError, ValueError):
        return False  # which is told by who connects to it
    return bool(found.password) or "password" in found.query


def public(url: str) -> str:
    """The URL of a database as everybody may read it: whole, unless there is a password in it."""
    return shown(url) if holds_password(url) else url


def refuse_public_password(url: str, flag: str, instead: str) -> None:
    """Raises ``TrackingError`` for a password that ``mlflow run`` logs as a parameter."""
    run = os.environ.get("MLFLOW_RUN_ID")
    if run and holds_password(url):
        raise TrackingError(
            f"{flag} holds a password, which `mlflow run` has just logged as a parameter of the "
            f"run {run}: delete that run, and {instead}"
        )


def alone_with(uri: str) -> AbstractContextManager[object]:
    """Within, no other process makes the tables of the database, if it is a file."""
    if not uri.startswith("sqlite:"):
        return nullcontext()
    return FileLock(f"{sqlite_path(uri)}.lock")


def revision(connection: Connection) -> str:
    """The version of the tables of MLflow, or of Optuna (``v3.2.0.a``); empty if there are none.

    Both note it in a table of one name, so that they cannot share a database.
    """
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return str(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar())


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    """A connection to a database, which has to answer soon; a file is made if it is not there."""
    is_file = url.startswith("sqlite:")
    engine = create_engine(url, connect_args={} if is_file else {"connect_timeout": PATIENCE})
    try:
        with engine.connect() as connection:
            if is_file:
                connection.exec_driver_sql("PRAGMA schema_version")
            yield connection
    finally:
        engine.dispose()


def check_database(url: str, given_by: str) -> bool:
    """Whether there are runs' tables in a database.

    Raises ``TrackingError`` in one sentence, without the password, if it cannot be used. The
    sentence names the flag or variable that it was ``given_by``. A file of sqlite's need not be
    there yet, but its folder.
    """
    named = f"{shown(url)} ({given_by})"
    try:
        kind = make_url(url).get_backend_name()
        if kind not in ("sqlite", "postgresql"):
            raise TrackingError(f"{named}: runs are not kept in {kind} databases; write {KINDS}")
        if kind == "sqlite" and not sqlite_path(url).exists():
            if not sqlite_path(url).parent.is_dir():
                raise TrackingError(f"the folder of the database {named} does not exist; make it")
            return False
        with connected(url) as connection:
            version = revision(connection)
        if version.startswith("v"):
            raise TrackingError(
                f"the database {named} holds studies of Optuna, which counts the versions of its "
                "tables where MLflow does; give runs another database (`createdb`, or another file)"
            )
        return bool(version)
    except ImportError as fault:
        raise TrackingError(
            f"the driver of the database {named} is not installed ({fault}); "
            "pip install 'psycopg[binary]'"
        ) from fault
    except ArgumentError as fault:
        raise TrackingError(
            f"{named} is no address of a database ({first_line(fault)}); write {KINDS}"
        ) from fault
    except SQLAlchemyError as fault:
        raise TrackingError(
            f"the database {named} cannot be used: {database_reason(fault)}"
        ) from fault
