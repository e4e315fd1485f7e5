"""The trials of a study: which count, which are taken up again, and how they ended."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.trial import FrozenTrial, TrialState

from seglab.tracking.children import kill_run
from seglab.tuning.study import RUN

CONTINUES, ATTEMPTS, FAILURE = "seglab.continues", "seglab.attempts", "seglab.failure"
"""Attributes of a trial: number of the one it goes on with, how many died before, why it failed."""
DIED = "its process died"
TAKING_UP = timedelta(minutes=1)
"""Time in which whoever found a trial dead has queued it again, the end of its run included."""


@dataclass(frozen=True)
class Ledger:
    """How far a study is."""

    ended: int
    """Trials that have ended, without those that others go on with."""
    running: int
    waiting: int
    """Trials to be taken up again."""

    @property
    def started(self) -> int:
        """Trials that count."""
        return self.ended + self.running + self.waiting


def read_ledger(study: optuna.Study) -> Ledger:
    """How far ``study`` is."""
    trials = study.get_trials(deepcopy=False)
    superseded = {trial.user_attrs.get(CONTINUES) for trial in trials}
    states = [trial.state for trial in trials if trial.number not in superseded]
    running, waiting = (states.count(s) for s in (TrialState.RUNNING, TrialState.WAITING))
    return Ledger(len(states) - running - waiting, running, waiting)


def just_died(study: optuna.Study) -> bool:
    """Whether a trial has just been found dead that somebody may be about to queue again."""
    trials = study.get_trials(deepcopy=False)
    superseded = {trial.user_attrs.get(CONTINUES) for trial in trials}
    return any(
        trial.state == TrialState.FAIL
        and FAILURE not in trial.user_attrs
        and trial.number not in superseded
        and trial.datetime_complete is not None
        and datetime.now() - trial.datetime_complete < TAKING_UP
        for trial in trials
    )


def take_up_again(study: optuna.Study, trial: FrozenTrial, died: bool) -> None:
    """Queues a trial that goes on where ``trial`` stopped, in the same MLflow run."""
    attempts = trial.user_attrs.get(ATTEMPTS, 0) + died
    attributes = {**trial.user_attrs, CONTINUES: trial.number, ATTEMPTS: attempts}
    study.add_trial(
        optuna.create_trial(
            state=TrialState.WAITING,
            params=trial.params,
            distributions=trial.distributions,
            user_attrs=attributes,
            system_attrs=trial.system_attrs,
        )
    )


def when_stale(retries: int) -> Callable[[optuna.Study, FrozenTrial], None]:
    """What is done about a trial whose process died: it is taken up again, ``retries`` times."""

    def stale(study: optuna.Study, trial: FrozenTrial) -> None:
        if run_id := trial.user_attrs.get(RUN):
            kill_run(run_id, DIED)
        if trial.user_attrs.get(ATTEMPTS, 0) < retries:
            take_up_again(study, trial, died=True)

    return stale


def fail_dead_trials(study: optuna.Study) -> None:
    """Ends the trials that gave no sign of life within two heartbeats."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        optuna.storages.fail_stale_trials(study)
