"""Processes at work on one study, on sqlite and on PostgreSQL, with runs in a real MLflow."""

from contextlib import ExitStack

import optuna
import pytest
from mlflow import MlflowClient
from optuna.trial import TrialState

from seglab.errors import ConfigError, StudyError
from seglab.tracking.run import start_run
from seglab.tuning.ledger import ATTEMPTS, FAILURE, read_ledger
from seglab.tuning.results import best_trial, trials_table
from seglab.tuning.study import RUN
from seglab.tuning.worker import is_done, open_study, work
from tests.mlflow_server import copy_database
from tests.tuning.trivial import bowl, failing_below, killed_once, spawned, study_of

pytestmark = pytest.mark.usefixtures("sqlite_store")


@pytest.fixture(params=["sqlite", "postgres"])
def url(request, tmp_path):
    """Each kind of database in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/optuna.db"
    return request.getfixturevalue("postgres")


@pytest.fixture
def parent():
    with start_run("study", params={}) as run:
        yield run.id


@pytest.fixture
def opening():
    """Opens studies, and closes them after the test."""
    with ExitStack() as stack:
        yield lambda config, url: stack.enter_context(open_study(config, url))


def quiet():
    """Nothing to show."""


def states(opened):
    return [trial.state.name for trial in opened.study.trials]


def values(opened):
    return [trial.params for trial in opened.study.trials]


def children(parent):
    return MlflowClient().search_runs(["0"], f"tags.mlflow.parentRunId = '{parent}'")


def test_joining_goes_on_with_the_study_as_if_it_had_never_stopped(opening, url, parent, tmp_path):
    work(opening(study_of(tmp_path, trials=4), url), parent, bowl, quiet)
    joined = opening(study_of(tmp_path, trials=7), url)
    assert joined.joined
    work(joined, parent, bowl, quiet)
    assert states(joined) == ["COMPLETE"] * 7

    whole = opening(study_of(tmp_path, study="whole", trials=7), url)
    work(whole, parent, bowl, quiet)
    assert values(whole) == values(joined)
    assert len({params["alpha"] for params in values(whole)}) == 7

    trials = trials_table(joined.study)
    assert best_trial(joined.study).value == trials.value.max()
    runs = {run.info.run_id: run for run in children(parent)}
    for row in trials.itertuples():
        run = runs[row.run_id]
        assert run.info.status == "FINISHED"
        assert run.data.tags["optuna.trial"] == str(row.number)
        assert run.data.metrics["val/dice"] == row.value


def test_joining_with_other_parameters_is_refused_naming_them(opening, url, tmp_path):
    opening(study_of(tmp_path, depth=5), url)
    with pytest.raises(ConfigError, match=r"--epochs=9, but it has 3"):
        opening(study_of(tmp_path, epochs=9), url)
    assert opening(study_of(tmp_path, workers=2), url).config.depth == 5


def test_trials_that_lag_behind_are_pruned(opening, url, parent, tmp_path):
    opened = opening(study_of(tmp_path, pruner="median", trials=6), url)
    for alpha in (0.2, 0.21, 0.22, 0.23, 0.24, 0.5):
        opened.study.enqueue_trial({"alpha": alpha, "learning_rate": 1e-3})
    work(opened, parent, bowl, quiet)
    assert states(opened) == ["COMPLETE"] * 5 + ["PRUNED"]
    assert opened.study.trials[-1].intermediate_values == pytest.approx({1: 0.7})


def test_a_failing_trial_says_why_and_the_study_goes_on(opening, url, parent, tmp_path):
    config = study_of(tmp_path, sampler="grid", space="alpha=0.1|0.2|0.3", trials=3)
    opened = opening(config, url)
    work(opened, parent, failing_below, quiet)
    by_alpha = {trial.params["alpha"]: trial for trial in opened.study.trials}
    assert sorted(by_alpha) == [0.1, 0.2, 0.3]
    assert by_alpha[0.1].state == TrialState.FAIL
    assert by_alpha[0.1].user_attrs[FAILURE] == "the loss became nan"
    assert best_trial(opened.study).params["alpha"] == 0.2


def test_trial_of_a_killed_process_is_taken_up_again_in_its_run(
    opening, postgres, parent, tmp_path
):
    url = postgres
    config = study_of(tmp_path, trials=1)
    opened = opening(config, url)
    with spawned(config, url, parent, killed_once) as process:
        process.join()
        assert process.exitcode == -9
    assert states(opened) == ["RUNNING"]
    run = MlflowClient().get_run(opened.study.trials[0].user_attrs[RUN])
    assert run.info.status == "RUNNING"

    work(opened, parent, killed_once, quiet)
    assert states(opened) == ["FAIL", "COMPLETE"]
    first, second = opened.study.trials
    assert first.params == second.params
    assert first.user_attrs[RUN] == second.user_attrs[RUN] == run.info.run_id
    assert [child.info.status for child in children(parent)] == ["FINISHED"]
    assert read_ledger(opened.study, config.retries).ended == 1


def test_trial_that_kills_its_process_is_given_up_after_its_retries(opening, parent, tmp_path):
    url = f"sqlite:///{tmp_path}/optuna.db"
    config = study_of(tmp_path, trials=1, retries=0)
    with spawned(config, url, parent, killed_once) as process:
        process.join()
    opened = opening(config, url)
    work(opened, parent, killed_once, quiet)
    assert states(opened) == ["FAIL"]
    assert trials_table(opened.study).reason.tolist() == ["its process died"]
    (run,) = children(parent)
    assert run.info.status == "KILLED"
    assert run.data.tags["seglab.error"] == "its process died"


def test_trial_that_was_found_dead_but_not_queued_is_taken_up_again(opening, url, parent, tmp_path):
    """Whoever found it was stopped, or lost MLflow, before it could queue it."""
    opened = opening(study_of(tmp_path, trials=1, retries=1), url)
    opened.study.add_trial(optuna.create_trial(state=TrialState.FAIL))
    assert not is_done(opened)
    work(opened, parent, bowl, quiet)
    assert states(opened) == ["FAIL", "COMPLETE"]
    assert opened.study.trials[1].user_attrs[ATTEMPTS] == 1
    assert is_done(opened)


def test_two_processes_share_a_studys_trials(opening, postgres, parent, tmp_path):
    url = postgres
    config = study_of(tmp_path, trials=7)
    opened = opening(config, url)
    with (
        spawned(config, url, parent, bowl) as one,
        spawned(config, url, parent, bowl) as other,
    ):
        one.join()
        other.join()
        assert (one.exitcode, other.exitcode) == (0, 0)
    assert states(opened) == ["COMPLETE"] * 7
    assert len({trial.user_attrs["seglab.worker"] for trial in opened.study.trials}) == 2
    assert len(children(parent)) == 7


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("sqlite", "is no database URL"),
        ("postgresql+psycopg://user:secret@127.0.0.1:9/none", r"\*\*\*@127.0.0.1.* cannot be used"),
        ("mysql+nothing://localhost/x", "cannot be used|needs a driver"),
    ],
)
def test_database_that_cannot_be_used_is_named_without_its_password(opening, url, said, tmp_path):
    with pytest.raises(StudyError, match=said) as fault:
        opening(study_of(tmp_path), url)
    assert "secret" not in str(fault.value)


def test_the_database_of_mlflow_is_refused_and_stays_as_it_is(opening, empty_database, tmp_path):
    copy = tmp_path / "mlflow.db"
    copy_database(empty_database, copy, "mlflow-artifacts:")
    before = copy.read_bytes()
    with pytest.raises(StudyError, match=r"is the database of MLflow.*give studies another one"):
        opening(study_of(tmp_path), f"sqlite:///{copy}")
    assert copy.read_bytes() == before
