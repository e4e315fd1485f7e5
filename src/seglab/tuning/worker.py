"""One process at work on a study: trials one after the other, until there are enough."""

import math
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import TrialState

from seglab.errors import (
    CacheError,
    CheckpointError,
    ConfigError,
    DataError,
    OutOfMemoryError,
    SilentServerError,
    StudyError,
    TrainingError,
    WeightsError,
)
from seglab.tracking.signals import stop_signals
from seglab.tuning.attempt import Attempt
from seglab.tuning.config import TuneConfig
from seglab.tuning.ledger import fail_dead_trials, read_ledger, take_up_again, when_stale
from seglab.tuning.remote import RemoteStorage
from seglab.tuning.samplers import SeededByTrial
from seglab.tuning.storage import open_storage
from seglab.tuning.study import Opened, create_or_join
from seglab.tuning.tracker import await_server

FAILS_A_TRIAL = (
    *(TrainingError, OutOfMemoryError, CacheError, CheckpointError),
    *(ConfigError, DataError, WeightsError),
)
"""Faults that one trial's parameters may cause: the study goes on without it."""
Train = Callable[[Attempt, str], float]
"""Carries a trial out below the MLflow run of that id, and returns the objective."""
Place = str | Callable[..., Any]
"""Where a study is: URL of its database, or what calls whoever keeps that."""


def unchecked() -> None:
    """No check."""


@contextmanager
def open_study(
    config: TuneConfig, place: Place, check: Callable[[], object] = unchecked
) -> Iterator[Opened]:
    """The study that ``config`` names, made after the ``check`` if it does not exist.

    ``place`` is the URL of its database, or what calls whoever keeps that.
    """
    on_stale = when_stale(config.retries)
    if isinstance(place, str):
        with open_storage(place, config.heartbeat, on_stale) as storage:
            yield create_or_join(config, storage, check)
    else:
        yield create_or_join(config, RemoteStorage(place, on_stale), check)


@dataclass(frozen=True)
class Member:
    """A process at work on a study beside others, as a launcher starts it; can be pickled."""

    config: TuneConfig
    place: Place
    parent: str
    train: Train
    until: float = math.inf
    """See ``work``; the same for whoever takes the place of a process that died."""

    def __call__(self, index: int) -> None:
        """Works until the study is done."""
        with open_study(self.config, self.place) as opened:
            work(opened, self.parent, self.train, lambda: None, self.until)


def work(
    opened: Opened,
    parent: str,
    train: Train,
    ended: Callable[[], None],
    until: float = math.inf,
) -> None:
    """Carries out trials until the study has as many as it is to have, all of them ended.

    None is started when the clock, in seconds since 1970, is past ``until``.
    ``train`` is called for each below the MLflow run ``parent``, ``ended`` after each. When nothing
    is left to start, this process stays until the trials of others have ended, for it takes up
    again those whose process dies. Ctrl-C and SIGTERM have the trial in hand taken up again by
    whoever works on the study next.
    """
    study, config = opened.study, opened.config
    # One process asks at a time, lest two start what is to be the last trial.
    turn = opened.turn

    def objective(trial: optuna.Trial) -> float:
        turn.release()
        attempt = Attempt(trial, config)
        try:
            return train(attempt, parent)
        except FAILS_A_TRIAL as fault:
            attempt.fails(str(fault))
            raise

    while True:
        await_server()  # before it is this process's turn, which others wait for
        if time.time() > until:
            return
        fail_dead_trials(study)
        with turn:
            ledger = read_ledger(study, config.retries)
            for trial in ledger.dead:
                take_up_again(study, trial, died=True)
            queued = ledger.waiting + len(ledger.dead)
            start = queued > 0 or ledger.started < config.wanted
            if start:
                run_trial(opened, objective)
        if start:
            ended()
        elif ledger.running:
            time.sleep(min(1.0, config.heartbeat / 2))
        else:
            return


def is_done(opened: Opened) -> bool:
    """Whether the study has as many trials as it is to have, all of them ended."""
    ledger = read_ledger(opened.study, opened.config.retries)
    return ledger.ended == ledger.started >= opened.config.wanted


def is_over(opened: Opened, until: float) -> bool:
    """Whether workers have nothing left to do, whose time is up at ``until``."""
    if is_done(opened):
        return True
    return time.time() > until and not read_ledger(opened.study, opened.config.retries).running


def run_trial(opened: Opened, objective: Callable[[optuna.Trial], float]) -> None:
    """One trial; if this process is told to stop, it is queued to be taken up again.

    So it is if the study cannot go on with it as things are.
    A trial that others took for dead, as after a machine slept, is left to them.
    """
    study, retries = opened.study, opened.config.retries
    assert isinstance(study.sampler, SeededByTrial)
    before = study.sampler.number
    try:
        study.optimize(objective, n_trials=1, catch=FAILS_A_TRIAL)
    except (UpdateFinishedTrialError, ValueError):
        number = study.sampler.number
        if number == before or study.get_trials(deepcopy=False)[number].state != TrialState.FAIL:
            raise
        warnings.warn(f"trial {number} was taken for dead, and goes on elsewhere", stacklevel=1)
    except (KeyboardInterrupt, SystemExit, StudyError, SilentServerError):
        number = study.sampler.number
        if number != before:
            # `mlflow run` sends a SIGTERM after each Ctrl-C, which must not break into this.
            with stop_signals() as stop:
                stop.heeded = True
                # Optuna ends the trial after Ctrl-C, but not after SIGTERM.
                with suppress(UpdateFinishedTrialError, ValueError):
                    study.tell(number, state=TrialState.FAIL)
                opened.turn.release()
                with opened.turn:  # lest others queue it as well
                    for trial in read_ledger(study, retries + 1).dead:
                        if trial.number == number:
                            take_up_again(study, trial, died=False)
        raise
