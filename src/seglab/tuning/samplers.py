"""Who proposes the parameters of trials, and who stops trials that lag behind."""

from collections.abc import Callable, Sequence
from typing import Any

from optuna import Study, samplers
from optuna.distributions import BaseDistribution
from optuna.pruners import BasePruner, HyperbandPruner, MedianPruner, NopPruner
from optuna.trial import FrozenTrial, TrialState

from seglab.training.folding import fold
from seglab.tuning.config import TuneConfig

SEEDS = 2**32
"""Optuna's samplers take as many; a training takes any that is not negative."""
SAMPLERS: dict[str, Callable[[TuneConfig, int], samplers.BaseSampler]] = {
    "tpe": lambda config, seed: samplers.TPESampler(seed=seed),
    "gp": lambda config, seed: samplers.GPSampler(seed=seed),
    "random": lambda config, seed: samplers.RandomSampler(seed=seed),
    # It shuffles its grid by the seed, and chooses by the places in it: one order for all trials.
    "grid": lambda config, seed: samplers.GridSampler(grid(config), config.seed % SEEDS),
}


class SeededByTrial(samplers.BaseSampler):
    """A sampler whose randomness is a function of (seed, number of the trial).

    Optuna's own, seeded once a process, would propose the same parameters in every worker, and
    again whenever a study is taken up.
    """

    def __init__(self, config: TuneConfig) -> None:
        self.number = -1
        """The latest trial of this process."""
        self._config = config
        self._sampler = SAMPLERS[config.sampler](config, 0)

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Seeds anew; comes before all proposals of a trial."""
        self.number = trial.number
        seed = fold(self._config.seed, trial.number) % SEEDS
        self._sampler = SAMPLERS[self._config.sampler](self._config, seed)
        self._sampler.before_trial(study, trial)

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """What is proposed together."""
        return self._sampler.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Parameters proposed together."""
        return self._sampler.sample_relative(study, trial, search_space)

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """A parameter proposed alone."""
        return self._sampler.sample_independent(study, trial, param_name, param_distribution)

    def after_trial(
        self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        """Tells the sampler how the trial ended."""
        self._sampler.after_trial(study, trial, state, values)


def grid(config: TuneConfig) -> dict[str, list[Any]]:
    """The values that the grid sampler combines."""
    return {name: values.grid() for name, values in config.varied.items()}


def make_pruner(config: TuneConfig) -> BasePruner:
    """The pruner ``config`` names; the resource that it spends is epochs."""
    if config.pruner == "median":
        return MedianPruner()
    if config.pruner == "none":
        return NopPruner()
    epochs = config.varied.get("epochs")
    most = max(epochs.samples()) if epochs else config.epochs
    return HyperbandPruner(min_resource=1, max_resource=max(1, int(most)))
