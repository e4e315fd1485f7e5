"""How much two workers gain over one, on trials that use one core each.

Each trial computes for a number of seconds of processor time, as the processor counts them, so that
whatever else the machine does stretches all trials alike. Measured is the time from the first
trial's start to the last one's end, without the seconds that processes take to start. ::

    python -m benchmarks.workers --storage postgresql+psycopg://…
"""

import os
import tempfile
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

import tyro

from benchmarks.measure import Row, report
from seglab.launching.config import LaunchConfig
from seglab.launching.crew import Crew, Watch
from seglab.launching.launch import launch
from seglab.tracking.run import start_run
from seglab.tuning.attempt import Attempt
from seglab.tuning.config import TuneConfig
from seglab.tuning.worker import Member, open_study


@dataclass(frozen=True)
class Options:
    """What to measure."""

    trials: int = 12
    """Trials of each number of workers."""
    seconds: int = 5
    """Processor seconds of each."""
    storage: str = ""
    """Database of the studies; empty is a sqlite file."""
    output: str = ""
    """JSON file to write; empty prints."""


def compute(attempt: Attempt, parent: str) -> float:
    """A trial that keeps one core busy, with a run in MLflow."""
    training = attempt.config
    with start_run("trial", params={}, tags=attempt.tags(), parent=parent) as run:
        attempt.begins(run.id)
        until = time.thread_time() + training.epochs
        while time.thread_time() < until:
            pass
    return training.learning_rate


def seconds_with(workers: int, options: Options, url: str, folder: Path) -> float:
    """Seconds from the first trial's start to the last one's end."""
    config = TuneConfig(
        study=f"workers-{workers}-{time.time_ns()}",
        model="can",
        trials=options.trials,
        epochs=options.seconds,
        sampler="random",
        pruner="none",
        data_dir=str(folder),
    )
    with start_run("study", params={}) as run, open_study(config, url) as opened:
        crew = Crew(workers, opened.folder)
        launch(LaunchConfig(), Member(config, url, run.id, compute), range(workers), crew, Watch())
        trials = opened.study.get_trials()
        first = min(t.datetime_start for t in trials if t.datetime_start)
        last = max(t.datetime_complete for t in trials if t.datetime_complete)
    return (last - first).total_seconds()


def main(options: Options) -> None:
    """Runs one worker, then two, and reports the gain."""
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{folder}/mlflow.db"
        url = options.storage or f"sqlite:///{folder}/optuna.db"
        seconds = {n: seconds_with(n, options, url, Path(folder)) for n in (1, 2)}
    row = Row(
        what=f"{options.trials} trials of one core each, two workers beside one",
        ours=round(seconds[2], 1),
        unit="s",
        against="one worker",
        theirs=round(seconds[1], 1),
        most=1 / 1.7,
    )
    report("workers", [row], {"processor_seconds_a_trial": options.seconds}, options.output)


if __name__ == "__main__":
    main(tyro.cli(Options))
