"""What a study outlasts: a restart of its database, and processes that die without a word."""

import threading
import time
from functools import partial

import optuna
import psycopg
import pytest
from mlflow import MlflowClient
from optuna.trial import TrialState
from sqlalchemy import event

from seglab.tracking.run import start_run
from seglab.tuning.ledger import take_up_again
from seglab.tuning.storage import open_storage
from seglab.tuning.worker import open_study, work
from tests.tuning.trivial import bowl, spawned, study_of

pytestmark = [
    pytest.mark.usefixtures("sqlite_store"),
    pytest.mark.filterwarnings("ignore:no heartbeat recorded"),
    pytest.mark.filterwarnings("ignore:Heartbeat of storage is supposed"),
]


def test_database_restarting_in_mid_study_costs_no_trial(postgres, restart_postgres, tmp_path):
    config = study_of(tmp_path, trials=6, epochs=4, heartbeat=1)
    slow = partial(bowl, pause=0.4)
    away = 2.5  # more than two heartbeats, after which a silent trial would count as dead
    with (
        start_run("study", params={}) as parent,
        open_study(config, postgres) as opened,
        spawned(config, postgres, parent.id, slow) as process,
    ):

        def running(count):
            for _ in range(1200):
                if sum(t.state.name == "RUNNING" for t in opened.study.get_trials()) >= count:
                    return
                time.sleep(0.05)
            raise AssertionError(f"never {count} trials at once")

        def restart():
            running(2)
            restart_postgres(away)

        running(1)
        restarting = threading.Thread(target=restart)
        restarting.start()
        work(opened, parent.id, slow, lambda: None)
        restarting.join()
        process.join()
        assert process.exitcode == 0
        trials = opened.study.get_trials()
        assert [trial.state.name for trial in trials] == ["COMPLETE"] * 6
        assert len({trial.user_attrs["seglab.worker"] for trial in trials}) == 2
        runs = MlflowClient().search_runs(["0"], f"tags.mlflow.parentRunId = '{parent.id}'")
        assert [run.info.status for run in runs] == ["FINISHED"] * 6


def test_connection_cut_while_trials_are_read_costs_nothing(postgres):
    asked = []

    def cut(connection, cursor, statement, *rest):
        if "FROM trial_user_attributes" in statement and " IN " in statement and not asked:
            asked.append(statement)
            server = connection.connection.dbapi_connection
            with psycopg.connect(postgres.replace("+psycopg", ""), autocommit=True) as other:
                other.execute("SELECT pg_terminate_backend(%s, 5000)", [server.info.backend_pid])

    with open_storage(postgres, 60, lambda *stale: None) as storage:
        study = optuna.create_study(storage=storage)
        study.ask().set_user_attr("kept", 1)
        event.listen(storage.engine, "before_cursor_execute", cut)
        assert [trial.user_attrs for trial in study.get_trials()] == [{"kept": 1}]
    assert asked


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_trial_that_never_gave_a_sign_of_life_is_found(database, tmp_path, request):
    url = f"sqlite:///{tmp_path}/optuna.db"
    if database == "postgres":
        url = request.getfixturevalue("postgres")
    with (
        start_run("study", params={}) as parent,
        open_study(study_of(tmp_path, trials=1), url) as opened,
    ):
        opened.study.ask()  # and then the process dies
        work(opened, parent.id, bowl, lambda: None)
        assert [trial.state.name for trial in opened.study.get_trials()] == ["FAIL", "COMPLETE"]


def test_trial_that_was_taken_for_dead_is_left_to_those_who_took_it(tmp_path):
    url = f"sqlite:///{tmp_path}/optuna.db"

    def declared_dead(attempt, parent):
        if attempt.number == 0:
            take_up_again(opened.study, opened.study.get_trials()[0], died=True)
            opened.study.tell(0, state=TrialState.FAIL)
        return bowl(attempt, parent)

    with (
        start_run("study", params={}) as parent,
        open_study(study_of(tmp_path, trials=1), url) as opened,
        pytest.warns(UserWarning, match="trial 0 was taken for dead"),
    ):
        work(opened, parent.id, declared_dead, lambda: None)
        assert [trial.state.name for trial in opened.study.get_trials()] == ["FAIL", "COMPLETE"]
