"""A study in its database: made once, joined by everybody else."""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import optuna
from optuna.exceptions import DuplicatedStudyError

from seglab.data.shared import here
from seglab.errors import ConfigError, StudyError
from seglab.tracking.database import public
from seglab.tuning.config import MAY_DIFFER, TuneConfig
from seglab.tuning.samplers import SeededByTrial, make_pruner
from seglab.tuning.storage import Storage, Turn

CONFIG, RUN = "seglab.config", "mlflow.run_id"
"""Attributes of a study: its parameters, and its run in MLflow."""
HELD = "seglab.held."
"""How attributes begin that say what the trials of a study are made from."""
MAKING = 15
"""Seconds that making a study takes at most."""

optuna.logging.set_verbosity(optuna.logging.ERROR)


@dataclass(frozen=True)
class Opened:
    """A study at hand."""

    config: TuneConfig
    """Its parameters: those of whoever made it, but for what may differ."""
    study: optuna.Study
    joined: bool
    """Whether it was there already."""
    turn: Turn
    """Whoever has it may start a trial."""

    @property
    def folder(self) -> Path:
        """Where this machine keeps what belongs to the study."""
        return here(self.config.data_dir) / "studies" / self.config.name


def create_or_join(config: TuneConfig, storage: Storage, check: Callable[[], object]) -> Opened:
    """The study that ``config`` names, made if it does not exist.

    Before it is made there is a ``check``, whose fault leaves no study behind: it would hold the
    user to flags that cannot be carried out. A flag must agree with what the study was made with,
    unless it may differ. Raises ``ConfigError`` naming each flag that does not.
    """
    joined = False
    if not exists(config.name, storage):
        check()
    try:
        study = optuna.create_study(
            storage=storage, study_name=config.name, direction=config.better
        )
        study.set_user_attr(CONFIG, asdict(config) | {"storage": public(config.storage)})
    except DuplicatedStudyError:
        study = optuna.load_study(storage=storage, study_name=config.name)
        config = agreed(config, awaited(study, CONFIG) or {})
        joined = True
    study.sampler, study.pruner = SeededByTrial(config), make_pruner(config)
    opened = Opened(config, study, joined, storage.turn(config.name))
    opened.folder.mkdir(parents=True, exist_ok=True)
    return opened


def exists(name: str, storage: Storage) -> bool:
    """Whether the database has a study of this name."""
    try:
        storage.get_study_id_from_name(name)
    except KeyError:
        return False
    return True


def hold(study: optuna.Study, found: Mapping[str, str]) -> None:
    """Has all trials of a study made from the same: ``found`` says from what, by kind.

    The first to be made from anything of a kind says what it is. Raises ``StudyError`` where it is
    another now.
    """
    faults = []
    for kind, this in found.items():
        held = study.user_attrs.get(HELD + kind)
        if held is None:
            study.set_user_attr(HELD + kind, this)
        elif held != this:
            faults.append(f"the {kind} of its trials: {held}; those of now: {this}")
    if faults:
        raise StudyError(
            f"the study {study.study_name} cannot go on, as its trials could not be compared. "
            f"{'. '.join(faults)}. Make those of its trials again, for which nothing is computed "
            "that is still there, or name another --study"
        )


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
