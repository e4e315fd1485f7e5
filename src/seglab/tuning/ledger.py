"""The trials of a study: which count, which are taken up again, and how they ended."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.trial import FrozenTrial, TrialState

from seglab.tracking.children import kill_run
from seglab.tuning.study import RUN

CONTINUES, ATTEMPTS, FAILURE = "seglab.continues", "seglab.attempts", "seglab.failure"
"""Attributes of a trial: number of the one it goes on with, how many died before, why it failed."""
DIED = "its process died"


@dataclass(frozen=True)
class Ledger:
    """How far a study is."""

    ended: int
    """Trials that have ended, without those that others go on with."""
    running: int
    waiting: int
    """Trials to be taken up again."""
    dead: tuple[FrozenTrial, ...] = ()
    """Trials that are to be queued to be taken up again."""

    @property
    def started(self) -> int:
        """Trials that count."""
        return self.ended + self.running + self.waiting + len(self.dead)


def read_ledger(study: optuna.Study, retries: int) -> Ledger:
    """How far ``study`` is; a trial whose process died is taken up again ``retries`` times."""
    found = study.get_trials(deepcopy=False)
    superseded = {trial.user_attrs.get(CONTINUES) for trial in found}
    trials = [trial for trial in found if trial.number not in superseded]
    states = [trial.state for trial in trials]
    running, waiting = (states.count(s) for s in (TrialState.RUNNING, TrialState.WAITING))
    dead = tuple(trial for trial in trials if is_dead(trial, retries))
    return Ledger(len(states) - running - waiting - len(dead), running, waiting, dead)


def is_dead(trial: FrozenTrial, retries: int) -> bool:
    """Whether a trial ended without a word of why, and is to be taken up again."""
    silent = trial.state == TrialState.FAIL and FAILURE not in trial.user_attrs
    return silent and bool(trial.user_attrs.get(ATTEMPTS, 0) < retries)


def take_up_again(study: optuna.Study, trial: FrozenTrial, died: bool) -> None:
    """Queues a trial that goes on where ``trial`` stopped, in the same MLflow run.

    If its process ``died``, its run is ended before. Whoever calls this has the study's turn, lest
    a trial be queued twice, or its run be ended when another process goes on with it.
    """
    if died:
        end_its_run(trial)
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


def end_its_run(trial: FrozenTrial) -> None:
    """Ends the MLflow run of a trial whose process died."""
    if run_id := trial.user_attrs.get(RUN):
        kill_run(run_id, DIED)


def when_stale(retries: int) -> Callable[[optuna.Study, FrozenTrial], None]:
    """What is done about a trial that is found dead: it ends for good, or is left to be queued."""

    def stale(study: optuna.Study, trial: FrozenTrial) -> None:
        if not is_dead(trial, retries):
            end_its_run(trial)

    return stale


def fail_dead_trials(study: optuna.Study) -> None:
    """Ends the trials that gave no sign of life within two heartbeats."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        optuna.storages.fail_stale_trials(study)
