"""What a trial costs beside its training: the whole machinery, and plain Optuna.

Trials do nothing, with the same parameters, three reports and the same storage. ``plain`` is
``study.optimize`` with a heartbeat; ``seglab`` adds the run in MLflow below the study's run, the
choice of who may start, and what is known of trials that were taken up again. ::

    python -m benchmarks.tuning --storage postgresql+psycopg://…
"""

import os
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import optuna
import tyro

from benchmarks.measure import Row, report
from seglab.tracking.run import start_run
from seglab.tuning.attempt import Attempt
from seglab.tuning.config import TuneConfig
from seglab.tuning.samplers import SeededByTrial, make_pruner
from seglab.tuning.storage import open_storage
from seglab.tuning.worker import open_study, work

EPOCHS = 3
TURN = 10
"""Trials of one contender before it is the other's turn."""


@dataclass(frozen=True)
class Options:
    """What to measure."""

    trials: int = 200
    """Trials of each contender."""
    storage: str = ""
    """Database for both; empty is a sqlite file of its own."""
    output: str = ""
    """JSON file to write; empty prints."""


def value(learning_rate: float, alpha: float) -> float:
    """A bowl."""
    return 1 - abs(alpha - 0.2) - abs(learning_rate - 1e-3)


Part = Callable[[int], list[float]]
"""Goes on with a study until it has so many trials; returns the seconds of each new one."""


def laps(go: Callable[[Callable[[], None]], None]) -> list[float]:
    """Seconds between the calls of what ``go`` is given."""
    times = [time.perf_counter()]
    go(lambda: times.append(time.perf_counter()))
    return [after - before for before, after in pairwise(times)]


def expect_complete(study: optuna.Study, trials: int) -> None:
    """Raises ``SystemExit`` unless all trials were carried out: one that fails early is cheap."""
    states = [trial.state.name for trial in study.get_trials(deepcopy=False)]
    if states != ["COMPLETE"] * trials:
        raise SystemExit(f"of {trials} trials these did not complete: {states}")


@contextmanager
def plain(config: TuneConfig, url: str) -> Iterator[Part]:
    """Optuna alone."""

    def objective(trial: optuna.Trial) -> float:
        rate = trial.suggest_float("learning_rate", 1e-5, 1e-2, log=True)
        result = value(rate, trial.suggest_float("alpha", 0.01, 0.5))
        for epoch in range(1, EPOCHS + 1):
            trial.report(result, epoch)
            trial.should_prune()
        return result

    with open_storage(url, config.heartbeat, lambda study, trial: None) as storage:
        study = optuna.create_study(
            storage=storage,
            direction="maximize",
            sampler=SeededByTrial(config),
            pruner=make_pruner(config),
        )

        def part(trials: int) -> list[float]:
            more = trials - len(study.get_trials(deepcopy=False))
            return laps(
                lambda lap: study.optimize(objective, more, callbacks=[lambda *ended: lap()])
            )

        yield part
        expect_complete(study, config.trials)


@contextmanager
def whole(config: TuneConfig, url: str) -> Iterator[Part]:
    """Everything but the training."""

    def train(attempt: Attempt, parent: str) -> float:
        training = attempt.config
        with start_run(
            f"trial {attempt.number}",
            params=vars(training),
            tags=attempt.tags(),
            resume=attempt.earlier_run,
            parent=parent,
        ) as run:
            attempt.begins(run.id)
            result = value(training.learning_rate, training.alpha)
            for epoch in range(1, EPOCHS + 1):
                attempt.report(epoch, {"val/dice": result})
                attempt.stop_if_behind()
            run.metrics({"objective": result}, EPOCHS)
        return result

    with start_run("study", params={}) as parent, open_study(config, url) as opened:

        def part(trials: int) -> list[float]:
            until = replace(opened, config=replace(config, trials=trials))
            return laps(lambda lap: work(until, parent.id, train, lap))

        yield part
        expect_complete(opened.study, config.trials)


def main(options: Options) -> None:
    """Runs both and reports seconds a trial."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{folder}/mlflow.db"
        url = options.storage or f"sqlite:///{folder}/optuna.db"
        config = TuneConfig(
            study=f"benchmark-{time.time_ns()}",
            model="can",
            trials=options.trials,
            epochs=EPOCHS,
            pruner="none",
            data_dir=str(Path(folder) / "data"),
        )
        warnings.simplefilter("ignore")
        results: dict[str, list[float]] = {"plain": [], "seglab": []}
        with plain(config, url) as alone, whole(config, url) as ours:
            # In turns, so that whatever else the machine does slows both alike.
            for trials in range(TURN, options.trials + TURN, TURN):
                results["plain"] += alone(min(trials, options.trials))
                results["seglab"] += ours(min(trials, options.trials))
    means = {name: statistics.mean(seconds) for name, seconds in results.items()}
    row = Row(
        what=f"a trial without training, beyond Optuna's own cost ({url.split(':')[0]})",
        ours=round(1000 * (means["seglab"] - means["plain"]), 1),
        unit="ms",
        most=100,
    )
    details = {
        "trials": options.trials,
        "ms_a_trial": {name: round(1000 * mean, 1) for name, mean in means.items()},
        "median_ms_a_trial": {
            name: round(1000 * statistics.median(s), 1) for name, s in results.items()
        },
    }
    report("tuning", [row], details, options.output)


if __name__ == "__main__":
    main(tyro.cli(Options))
