"""Trials without a training: quick, and with a run in MLflow all the same."""

import os
import signal
import time
import warnings
from contextlib import contextmanager

from seglab.errors import TrainingError
from seglab.tracking.run import start_run
from seglab.tuning.attempt import Pruned
from seglab.tuning.config import TuneConfig
from seglab.tuning.worker import open_study, work
from tests.preloaded import fork

BEST_ALPHA = 0.2


def study_of(tmp_path, **changes):
    """Parameters of a study whose files lie below ``tmp_path``."""
    given = {"study": "s", "model": "can", "trials": 6, "heartbeat": 1, "epochs": 3}
    given["pruner"] = "none"
    return TuneConfig(data_dir=f"{tmp_path}/data", **given | changes)


def bowl(attempt, parent, pause=0.0):
    """A trial whose objective is best at alpha = 0.2; its epochs take ``pause`` seconds."""
    with start_run(
        f"trial {attempt.number}",
        params=attempt.values,
        tags=attempt.tags(),
        resume=attempt.earlier_run,
        parent=parent,
    ) as run:
        attempt.begins(run.id)
        value = 1 - abs(attempt.values["alpha"] - BEST_ALPHA)
        pruned = False
        for epoch in range(1, attempt.config.epochs + 1):
            time.sleep(pause)
            run.metrics({"val/dice": value}, epoch)
            attempt.report(epoch, {"val/dice": value})
            try:
                attempt.stop_if_behind()
            except Pruned:
                pruned = True
                break
    if pruned:
        raise Pruned
    return value


def slow_bowl(attempt, parent):
    """The bowl, an epoch of which takes a while; it has a GPU, and no password of the database."""
    assert os.environ["CUDA_VISIBLE_DEVICES"]
    return bowl(attempt, parent, pause=0.25)


def failing_below(attempt, parent):
    """Fails where alpha is below 0.2."""
    if attempt.values["alpha"] < BEST_ALPHA:
        raise TrainingError("the loss became nan")
    return bowl(attempt, parent)


def killed_once(attempt, parent):
    """The first process to be here is killed in the middle of its trial, the next ones are not."""
    with start_run(
        "killed", params={}, tags=attempt.tags(), resume=attempt.earlier_run, parent=parent
    ) as run:
        attempt.begins(run.id)
        if attempt.earlier_run == run.id and attempt.number > 0:
            return attempt.values["alpha"]
        time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def work_alone(config, url, parent, train):
    """The life of a process that works on a study."""
    warnings.simplefilter("ignore")
    with open_study(config, url) as opened:
        work(opened, parent, train, lambda: None)


@contextmanager
def spawned(config, url, parent, train):
    """A process that works on a study."""
    process = fork(work_alone, config, url, parent, train)
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()
