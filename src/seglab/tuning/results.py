"""What a study found: its trials as a table, the best of them, and what mattered."""

import shlex
import warnings
from collections.abc import Mapping
from dataclasses import fields
from operator import itemgetter
from typing import Any

import optuna
import pandas as pd
from optuna.trial import FrozenTrial, TrialState

from seglab import errors
from seglab.training.config import TrainConfig
from seglab.tuning.config import TuneConfig
from seglab.tuning.ledger import CONTINUES, DIED, FAILURE
from seglab.tuning.study import RUN

COMPLETED = (TrialState.COMPLETE,)
FEWEST = 4
"""Completed trials from which importances are computed."""


def trials_table(study: optuna.Study) -> pd.DataFrame:
    """A row a trial that counts, in order: number, state, value, run_id, reason, parameters.

    ``value`` is the objective, for a pruned trial after its last epoch; ``reason`` is why one
    failed.
    """
    trials = study.get_trials(deepcopy=False)
    superseded = {trial.user_attrs.get(CONTINUES) for trial in trials}
    rows = [
        {
            "number": known_as(trial),
            "state": trial.state.name.lower(),
            "value": value_of(trial),
            "run_id": trial.user_attrs.get(RUN, ""),
            "reason": trial.user_attrs.get(FAILURE, DIED) if trial.state.name == "FAIL" else "",
            **trial.params,
        }
        for trial in trials
        if trial.number not in superseded
    ]
    rows.sort(key=itemgetter("number"))
    return pd.DataFrame(rows, columns=None if rows else ["number", "state", "value"])


def known_as(trial: FrozenTrial) -> int:
    """The number that a trial's run has: until one is taken up again, that of the earlier trial."""
    waiting = trial.state == TrialState.WAITING
    return int(trial.user_attrs.get(CONTINUES, trial.number)) if waiting else trial.number


def value_of(trial: FrozenTrial) -> float | None:
    """The objective of a completed trial, or the latest one of another."""
    if trial.value is not None:
        return trial.value
    return trial.intermediate_values[trial.last_step] if trial.last_step is not None else None


def best_trial(study: optuna.Study) -> FrozenTrial | None:
    """The best completed trial, if there is one."""
    if not study.get_trials(deepcopy=False, states=COMPLETED):
        return None
    return study.best_trial


def importances(study: optuna.Study) -> dict[str, float]:
    """Share of each parameter in what the best trials have in common (PED-ANOVA).

    Empty where nothing can be said: fewer than two parameters, or too few different trials.
    Watanabe et al., PED-ANOVA: efficiently quantifying hyperparameter importance in arbitrary
    subspaces, 2023.
    """
    completed = study.get_trials(deepcopy=False, states=COMPLETED)
    if len(completed) < FEWEST:
        return {}
    # Scikit-learn takes a second to import, which workers need not pay.
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        try:
            found = get_param_importances(study, evaluator=PedAnovaImportanceEvaluator())
        except UserWarning:  # all trials are equally good, so all importances would be equal
            return {}
    return dict(found) if len(found) > 1 else {}


def curves(study: optuna.Study) -> dict[int, dict[int, float]]:
    """The objective after each epoch, by trial."""
    return {
        trial.number: trial.intermediate_values
        for trial in study.get_trials(deepcopy=False)
        if trial.intermediate_values and trial.state != TrialState.FAIL
    }


def command(config: TuneConfig, values: Mapping[str, Any]) -> str:
    """The command that trains what a trial with these values trained."""
    training = config.training(values)
    given = [
        f"-P {field.name}={shlex.quote(str(getattr(training, field.name)))}"
        for field in fields(TrainConfig)
        if getattr(training, field.name) != field.default
    ]
    return " ".join([f"{errors.RUN} -e train", *given])
