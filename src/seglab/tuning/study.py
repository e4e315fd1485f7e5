"""A study in its database: made once, joined by everybody else."""

import time
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import optuna
from optuna.exceptions import DuplicatedStudyError

from seglab.data.shared import here
from seglab.errors import ConfigError
from seglab.tracking.database import public
from seglab.tuning.config import MAY_DIFFER, TuneConfig
from seglab.tuning.samplers import SeededByTrial, make_pruner
from seglab.tuning.storage import Storage, Turn

CONFIG, RUN = "seglab.config", "mlflow.run_id"
"""Attributes of a study: its parameters, and its run in MLflow."""
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
        study.set_user_attr(CONFIG, asdict(config) | {"storage": public(config.storage)})
    except DuplicatedStudyError:
        study = optuna.load_study(storage=storage, study_name=config.name)
        config = agreed(config, awaited(study, CONFIG) or {})
        joined = True
    study.sampler, study.pruner = SeededByTrial(config), make_pruner(config)
    opened = Opened(config, study, joined, storage.turn(config.name))
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
