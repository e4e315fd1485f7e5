"""The time of a study's command, which is the same for all its workers, whenever they start."""

import pickle

import pytest

from seglab.jobs import tune
from seglab.tracking.run import start_run
from seglab.tuning.progress import Bar
from seglab.tuning.worker import open_study
from tests.tuning.trivial import bowl, study_of

pytestmark = pytest.mark.usefixtures("sqlite_store")


def test_who_takes_the_place_of_a_worker_has_what_is_left_of_its_time(tmp_path, monkeypatch):
    url = f"sqlite:///{tmp_path}/optuna.db"
    started = []

    def one_after_the_other(config, member, items, crew, watch):
        """As an engine whose only worker ends, here because its time is up, and is replaced."""
        assert not watch.enough()
        for index in range(2):
            pickle.loads(pickle.dumps(member))(index)
            started.append(len(opened.study.trials))
        assert watch.enough(), "what is left in a cluster's queue is not needed"

    monkeypatch.setattr(tune, "launch", one_after_the_other)
    monkeypatch.setattr(tune, "train_trial", bowl)
    config = study_of(tmp_path, trials=1000, timeout=3.0, workers=2)
    with (
        open_study(config, url) as opened,
        start_run("study", params={}) as parent,
        Bar(opened) as bar,
    ):
        tune.run_trials(opened, url, parent.id, bar)
    assert 0 < started[0] == started[1] < config.trials
