"""A study in its database: made once, joined by everybody else."""

import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import optuna
from filelock import FileLock
from optuna.exceptions import DuplicatedStudyError, ExperimentalWarning, StorageInternalError
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial
from sqlalchemy import Dialect, event, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from seglab.errors import ConfigError, StudyError
from seglab.tracking.store import first_line, shown
from seglab.tuning.config import MAY_DIFFER, TuneConfig
from seglab.tuning.samplers import SeededByTrial, make_pruner

CONFIG, RUN = "seglab.config", "mlflow.run_id"
"""Attributes of a study: its parameters, and its run in MLflow."""
PATIENCE = 60
"""Seconds that a process waits for others to let go of a sqlite database."""
OUTAGE = 60
"""Seconds that a study waits for a server that was restarted."""
MAKING = 15
"""Seconds that making a study takes at most."""

optuna.logging.set_verbosity(optuna.logging.ERROR)


class Storage(RDBStorage):
    """Optuna's database, whose signs of life outlast a short outage of it."""

    def record_heartbeat(self, trial_id: int) -> None:
        """Skips a sign of life that the database does not take: the next one comes soon."""
        try:
            super().record_heartbeat(trial_id)
        except (StorageInternalError, SQLAlchemyError) as fault:
            warnings.warn(f"no heartbeat recorded: {first_line(fault)}", stacklevel=1)


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
            f"--storage={url} is no database URL; write sqlite:///file or "
            "postgresql+psycopg://user:password@host/database"
        ) from fault
    # Several processes making the tables of a new file at once would be in each other's way.
    alone = FileLock(f"{Path(path).absolute()}.lock") if path else nullcontext()
    try:
        if path:
            Path(path).absolute().parent.mkdir(parents=True, exist_ok=True)
        with alone, warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            storage = Storage(
                url,
                {"connect_args": {"timeout": PATIENCE}} if path else {"pool_pre_ping": True},
                heartbeat_interval=heartbeat,
                grace_period=2 * heartbeat,
                heartbeat_stale_trial_callback=on_stale,
            )
    except ImportError as fault:
        raise StudyError(
            f"--storage={shown(url)} needs a driver that is not installed ({fault.__cause__}); "
            "for PostgreSQL write postgresql+psycopg://… and pip install 'seglab[postgres]'"
        ) from fault
    except (SQLAlchemyError, StorageInternalError, OSError, RuntimeError) as fault:
        raise StudyError(
            f"the database --storage={shown(url)} cannot be used: {first_line(fault)}; start it, "
            "or name another"
        ) from fault
    if not path:
        event.listen(storage.engine, "do_connect", connect_patiently)
    try:
        yield storage
    except (StorageInternalError, SQLAlchemyError) as fault:
        raise StudyError(
            f"the database --storage={shown(url)} went away: {first_line(fault)}; when it is back, "
            "run the same command again to go on"
        ) from fault
    finally:
        storage.remove_session()
        storage.engine.dispose()


def connect_patiently(
    dialect: Dialect, record: object, arguments: Sequence[Any], named: dict[str, Any]
) -> Any:
    """A connection, as soon as the server gives one: it may have been restarted."""
    until = time.monotonic() + OUTAGE
    while True:
        try:
            return dialect.connect(*arguments, **named)
        except dialect.loaded_dbapi.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


@dataclass(frozen=True)
class Opened:
    """A study at hand."""

    config: TuneConfig
    """Its parameters: those of whoever made it, but for what may differ."""
    url: str
    study: optuna.Study
    joined: bool
    """Whether it was there already."""

    @property
    def folder(self) -> Path:
        """Where this machine keeps what belongs to the study."""
        return Path(self.config.data_dir) / "studies" / self.config.name


def create_or_join(config: TuneConfig, storage: Storage) -> Opened:
    """The study that ``config`` names, made if it does not exist.

    A flag must agree with what the study was made with, unless it may differ. Raises
    ``ConfigError`` naming each flag that does not.
    """
    joined = False
    try:
        study = optuna.create_study(
            storage=storage, study_name=config.name, direction=config.better
        )
        study.set_user_attr(CONFIG, asdict(config))
    except DuplicatedStudyError:
        study = optuna.load_study(storage=storage, study_name=config.name)
        config = agreed(config, awaited(study, CONFIG) or {})
        joined = True
    study.sampler, study.pruner = SeededByTrial(config), make_pruner(config)
    opened = Opened(config, storage.url, study, joined)
    opened.folder.mkdir(parents=True, exist_ok=True)
    return opened


def awaited(study: optuna.Study, attribute: str) -> Any:
    """An attribute that whoever made the study is about to set; None if that one died first."""
    until = time.monotonic() + MAKING
    while attribute not in study.user_attrs and time.monotonic() < until:
        time.sleep(0.2)
    return study.user_attrs.get(attribute)


def agreed(given: TuneConfig, stored: dict[str, Any]) -> TuneConfig:
    """The parameters of a study that exists, with those that ``given`` may give anew."""
    kept, faults = {}, []
    for field in fields(TuneConfig):
        name, value = field.name, getattr(given, field.name)
        if name in MAY_DIFFER or name not in stored:
            continue
        kept[name] = stored[name]
        if value not in (field.default, stored[name]):
            faults.append(f"--{name}={value}, but it has {stored[name]}")
    if faults:
        raise ConfigError(
            f"the study {given.name} exists with other parameters: {'; '.join(faults)}. Leave "
            "these flags out to join it, or name another --study"
        )
    return replace(given, **kept)
