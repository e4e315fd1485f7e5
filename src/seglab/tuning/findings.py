"""A study as it stands, read from its database without touching it."""

from pathlib import Path
from typing import NamedTuple

import optuna
import pandas as pd
from optuna.storages import RDBStorage
from optuna.trial import TrialState
from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from seglab.errors import StudyError
from seglab.reasons import database_reason, shown
from seglab.tuning.config import TuneConfig
from seglab.tuning.results import best_trial, curves, importances, trials_table
from seglab.tuning.study import CONFIG


class Findings(NamedTuple):
    """What a study has found so far."""

    config: TuneConfig
    trials: pd.DataFrame
    """As of ``results.trials_table``."""
    importances: dict[str, float]
    curves: dict[int, dict[int, float]]
    """The objective after each epoch, by trial."""
    best: int | None
    """Number of the best trial; None while none completed."""
    running: int
    """Trials that are being trained."""


def read_findings(url: str, name: str) -> Findings:
    """What the study ``name`` in the database at ``url`` has found so far.

    Raises ``StudyError`` if it cannot be read: the database may be on another machine, or its
    password not be known here.
    """
    if "***" in url:
        raise StudyError(
            f"the study's database {url} asks for a password, which runs do not keep: the tune "
            "entry point with -P trials=0 and -P storage=… draws its results anew"
        )
    file = make_url(url).database if url.startswith("sqlite") else None
    if file and not Path(file).exists():
        raise StudyError(f"the study's database {file} is not on this machine")
    try:
        storage = RDBStorage(url)
    except (SQLAlchemyError, OSError, RuntimeError, ImportError) as fault:
        raise StudyError(
            f"the database {shown(url)} cannot be read: {database_reason(fault)}"
        ) from fault
    try:
        study = optuna.load_study(study_name=name, storage=storage)
        best = best_trial(study)
        states = [trial.state for trial in study.get_trials(deepcopy=False)]
        return Findings(
            TuneConfig(**study.user_attrs[CONFIG]),
            trials_table(study),
            importances(study),
            curves(study),
            best.number if best else None,
            states.count(TrialState.RUNNING),
        )
    except KeyError as fault:
        raise StudyError(f"the database {shown(url)} has no study {name}") from fault
    except SQLAlchemyError as fault:
        raise StudyError(
            f"the database {shown(url)} cannot be read: {database_reason(fault)}"
        ) from fault
    finally:
        storage.remove_session()
        storage.engine.dispose()
