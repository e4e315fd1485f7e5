"""A study's database, patient with outages, and strict about signs of life."""

import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import wraps
from pathlib import Path
from typing import Any, Protocol

import optuna
from filelock import FileLock
from optuna.exceptions import (
    ExperimentalWarning,
    StorageInternalError,
    UpdateFinishedTrialError,
)
from optuna.storages import BaseStorage, RDBStorage
from optuna.trial import FrozenTrial
from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from seglab.errors import StudyError
from seglab.reasons import database_reason, first_line, shown
from seglab.tracking.database import revision

PATIENCE = 60
"""Seconds that a process waits for others to let go of a sqlite database."""
OUTAGE = 600
"""Seconds that a study waits for its database to come back."""
SHORTEST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
"""Seconds between two attempts to reach it."""
UNSEEN = """SELECT trial_id FROM trials WHERE study_id = :study AND state = 'RUNNING'
AND trial_id NOT IN (SELECT trial_id FROM trial_heartbeats)"""
STARTED = "SELECT extract(epoch FROM now() - pg_postmaster_start_time())"


class Turn(Protocol):
    """Of the processes at work on a study, one at a time has it; gone with the process."""

    def __enter__(self) -> Any: ...

    def __exit__(self, *fault: Any) -> None: ...

    def release(self) -> Any:
        """Gives it up early; nothing happens where it is given up already."""


class Storage(RDBStorage):
    """Optuna's database, whose users outlast an outage of it.

    Every call waits until the database is back. A trial counts as dead after two heartbeats
    without a sign of life, also if it never gave any; an outage, in which it could give none, does
    not count.
    """

    def __init__(self, url: str, heartbeat: int, on_stale: Any, **engine: Any) -> None:
        super().__init__(
            url,
            engine,
            heartbeat_interval=heartbeat,
            grace_period=2 * heartbeat,
            heartbeat_stale_trial_callback=on_stale,
        )
        self.grace = 2 * heartbeat
        self.back = -float("inf")
        """When the database came back from the latest outage."""
        self._unseen: dict[int, float] = {}

    @property
    def served(self) -> bool:
        """Whether a server keeps it, which may go away and come back."""
        return self.engine.dialect.name != "sqlite"

    def record_heartbeat(self, trial_id: int) -> None:
        """Skips a sign of life that the database does not take: the next one comes soon."""
        try:
            super().record_heartbeat(trial_id)
        except (StorageInternalError, SQLAlchemyError) as fault:
            self.back = time.monotonic()
            warnings.warn(f"no heartbeat recorded: {first_line(fault)}", stacklevel=1)

    def _get_stale_trial_ids(self, study_id: int) -> list[int]:
        now = time.monotonic()
        if min(now - self.back, self._seconds_up()) < self.grace + LONGEST_PAUSE:
            return []  # others may not have noticed yet that the database is back
        with self.engine.connect() as connection:
            unseen = {row[0] for row in connection.execute(text(UNSEEN), {"study": study_id})}
        self._unseen = {trial: self._unseen.get(trial, now) for trial in unseen}
        dead = [trial for trial, since in self._unseen.items() if now - since > self.grace]
        return [*super()._get_stale_trial_ids(study_id), *dead]

    def _seconds_up(self) -> float:
        """For how long the database has been there, as far as it can tell."""
        if self.engine.dialect.name != "postgresql":
            return float("inf")
        with self.engine.connect() as connection:
            return float(connection.execute(text(STARTED)).scalar_one())

    def outlast(self, call: Callable[[], Any]) -> Any:
        """What ``call`` gives, as soon as the database is there to give it."""
        until, pause, lost = time.monotonic() + OUTAGE, SHORTEST_PAUSE, False
        while True:
            try:
                return call()
            except UpdateFinishedTrialError:
                if not lost:
                    raise
                return True  # the first call had ended the trial, but its answer was lost
            except (StorageInternalError, SQLAlchemyError) as fault:
                if not (self.served and is_outage(fault)) or time.monotonic() > until:
                    raise
                lost = True
                self.back = time.monotonic()
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def turn(self, name: str) -> Turn:
        """The turn of those at work on the study ``name``."""
        if self.engine.dialect.name == "postgresql":
            return PostgresTurn(self, name)
        return FileLock(f"{Path(self.engine.url.database or '').absolute()}.lock")


def patient(method: Callable[..., Any]) -> Callable[..., Any]:
    """``method`` of a storage, repeated until the database is back."""

    @wraps(method)
    def call(self: Storage, *arguments: Any, **named: Any) -> Any:
        return self.outlast(lambda: method(self, *arguments, **named))

    return call


# What Optuna calls, also behind its cache.
_CALLED = {"_create_new_trial", "_get_trials", "_set_trial_param"}
_CALLED |= {"_get_best_trial_id", "_get_stale_trial_ids"}
for _name in sorted(BaseStorage.__abstractmethods__ | _CALLED):
    setattr(Storage, _name, patient(getattr(Storage, _name)))


def is_outage(fault: BaseException | None) -> bool:
    """Whether a call failed because the database was not there.

    Where Optuna asks again, more slowly, upon an error, the outage is the context of what it meets.
    """
    while fault is not None:
        if type(fault).__name__ in ("OperationalError", "InterfaceError"):
            return True
        context = None if fault.__suppress_context__ else fault.__context__
        fault = fault.__cause__ or context
    return False


class PostgresTurn:
    """An advisory lock of the server, which takes it back from whoever is gone."""

    def __init__(self, storage: Storage, name: str) -> None:
        self._storage = storage
        self._key = {"key": f"seglab study {name}"}
        self._held: Connection | None = None

    def __enter__(self) -> None:
        self._held = self._storage.outlast(self._lock)

    def _lock(self) -> Connection:
        connection = self._storage.engine.connect()
        connection.execute(text("SELECT pg_advisory_lock(hashtext(:key))"), self._key)
        connection.commit()  # the lock belongs to the connection, not to a transaction
        return connection

    def release(self) -> None:
        """See ``Turn``."""
        held, self._held = self._held, None
        if held is None:
            return
        with suppress(SQLAlchemyError), held:  # without a connection there is no lock either
            held.execute(text("SELECT pg_advisory_unlock(hashtext(:key))"), self._key)
            held.commit()

    def __exit__(self, *fault: Any) -> None:
        self.release()


def refuse_mlflows(url: str) -> None:
    """Raises ``StudyError`` for a database in which MLflow keeps runs."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            known = revision(connection)
    finally:
        engine.dispose()
    if known and not known.startswith("v"):
        raise StudyError(
            f"--storage={shown(url)} is the database of MLflow, which counts the versions of its "
            "tables where Optuna does; give studies another one (`createdb`, or another file)"
        )


@contextmanager
def open_storage(
    url: str, heartbeat: int, on_stale: Callable[[optuna.Study, FrozenTrial], None]
) -> Iterator[Storage]:
    """The database at ``url``, with its tables; connections are closed on leaving.

    ``on_stale`` is told of each trial that gave no sign of life within two heartbeats. Raises
    ``StudyError`` if there is no using the database.
    """
    try:
        path = make_url(url).database if url.startswith("sqlite") else None
    except ArgumentError as fault:
        raise StudyError(
            f"--storage={shown(url)} is no database URL; write sqlite:///file or "
            "postgresql+psycopg://user@host/database"
        ) from fault
    # Several processes making the tables of a new file at once would be in each other's way.
    alone: AbstractContextManager[Any]
    alone = FileLock(f"{Path(path).absolute()}.lock") if path else nullcontext()
    engine = {"connect_args": {"timeout": PATIENCE}} if path else {"pool_pre_ping": True}
    try:
        if path:
            Path(path).absolute().parent.mkdir(parents=True, exist_ok=True)
        with alone, warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            refuse_mlflows(url)
            storage = Storage(url, heartbeat, on_stale, **engine)
    except ImportError as fault:
        raise StudyError(
            f"--storage={shown(url)} needs a driver that is not installed ({fault.__cause__}); "
            "for PostgreSQL write postgresql+psycopg://… and, in seglab's folder, "
            "pip install -e '.[postgres]'"
        ) from fault
    except (SQLAlchemyError, StorageInternalError, OSError, RuntimeError) as fault:
        raise StudyError(
            f"the database --storage={shown(url)} cannot be used: {database_reason(fault)}"
        ) from fault
    try:
        yield storage
    except (StorageInternalError, SQLAlchemyError) as fault:
        raise StudyError(
            f"the database --storage={shown(url)} went away: {database_reason(fault)}; when it "
            "is back, run the same command again to go on"
        ) from fault
    finally:
        storage.remove_session()
        storage.engine.dispose()
