"""One trial, as the training that carries it out sees it."""

import os
import platform
from collections.abc import Callable, Mapping
from typing import Any

import optuna

from seglab.errors import TrainingError
from seglab.training.config import TrainConfig
from seglab.tuning.config import STUDY, SWITCHES, TRIAL, TuneConfig
from seglab.tuning.ledger import FAILURE
from seglab.tuning.space import Choices, Range
from seglab.tuning.study import RUN, hold

WORKER = "seglab.worker"
"""Attribute of a trial: machine and process that carry it out."""
Pruned = optuna.TrialPruned
"""Raised where a trial is to stop because it lags behind."""


class Attempt:
    """A trial's parameters, and where its scores go."""

    def __init__(self, trial: optuna.Trial, study: TuneConfig) -> None:
        self.study = study
        self.number = trial.number
        self._trial = trial
        trial.set_user_attr(WORKER, f"{platform.node()}:{os.getpid()}")
        self.values = suggest(trial, study)

    @property
    def config(self) -> TrainConfig:
        """The training to carry out."""
        return self.study.training(self.values)

    @property
    def earlier_run(self) -> str:
        """Id of the MLflow run that this trial goes on in; empty for a new one."""
        return str(self._trial.user_attrs.get(RUN, ""))

    def begins(self, run_id: str) -> None:
        """Notes the MLflow run of this trial."""
        self._trial.set_user_attr(RUN, run_id)

    def holds_to(self, found: Mapping[str, str]) -> None:
        """Raises ``StudyError`` unless this trial is made from what the study's others are."""
        hold(self._trial.study, found)

    def fails(self, reason: str) -> None:
        """Notes why this trial fails."""
        self._trial.set_user_attr(FAILURE, reason)

    def tags(self) -> dict[str, str]:
        """What says in MLflow which trial a run is."""
        return {STUDY: self.study.name, TRIAL: str(self.number)}

    def report(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """Tells the pruner the objective after ``epoch``, counted from 1."""
        if self.study.per_epoch:
            self._trial.report(metrics[f"val/{self.study.score}"], epoch)

    def stop_if_behind(self) -> None:
        """Raises ``Pruned`` if the pruner wants no more of this trial."""
        if self.study.per_epoch and self._trial.should_prune():
            raise Pruned

    def result(
        self, history: list[dict[str, float]], last: Callable[[], float]
    ) -> tuple[int, float]:
        """The best epoch, counted from 1, and the objective there; ``last`` finds it at the end.

        The best epoch is the one with the lowest validation loss, whose checkpoint is kept.
        """
        best = min(range(len(history)), key=lambda epoch: history[epoch]["val/loss"])
        value = history[best][f"val/{self.study.score}"] if self.study.per_epoch else last()
        if value != value:
            raise TrainingError(f"val/{self.study.score} is NaN in the best epoch, {best + 1}")
        return best + 1, value


def suggest(trial: optuna.Trial, study: TuneConfig) -> dict[str, Any]:
    """A value for each parameter that the study varies, without those of no use beside the others.

    Models and schedules come first, as they decide what is of use.
    """
    values: dict[str, Any] = {}
    for name, among in sorted(study.varied.items(), key=lambda item: item[0] not in SWITCHES):
        if study.useful(name, values):
            values[name] = suggest_one(trial, name, among)
    return values


def suggest_one(trial: optuna.Trial, name: str, among: Range | Choices) -> Any:
    """A value for one parameter."""
    if isinstance(among, Choices):
        return trial.suggest_categorical(name, among.values)
    if among.whole:
        return trial.suggest_int(name, int(among.low), int(among.high), log=among.log)
    return trial.suggest_float(name, among.low, among.high, log=among.log)
