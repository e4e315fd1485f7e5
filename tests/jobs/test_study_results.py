"""What is logged of a study whose trials differ in their parameters, or came to nothing yet."""

from contextlib import contextmanager

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.trial import TrialState
from sqlalchemy import URL, make_url
from studies import SMALL, load_study, prepared

from seglab.errors import StudyError, TrackingError
from seglab.jobs.report import report
from seglab.jobs.tune import tune
from seglab.results.config import ReportConfig
from seglab.tracking.run import start_run
from seglab.tuning.attempt import Attempt
from seglab.tuning.config import DATABASE, STUDY, TuneConfig
from seglab.tuning.ledger import FAILURE
from seglab.tuning.study import RUN
from seglab.tuning.worker import open_study


@pytest.fixture(scope="module")
def space(tmp_path_factory, empty_database):
    return prepared(tmp_path_factory.mktemp("results"), empty_database)


@pytest.fixture(autouse=True)
def tracked(space, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", space.uri)
    monkeypatch.chdir(space.folder)


@contextmanager
def opened_study(place, name, **changes):
    """A study with its run in MLflow, and their parameters; tags say where its database is."""
    config = TuneConfig(study=name, data_dir=str(place.data_dir), **SMALL | changes)
    url = f"sqlite:///{place.folder}/optuna.db"
    tags = {STUDY: name, DATABASE: url}
    with open_study(config, url) as opened, start_run(f"study {name}", {}, tags) as run:
        opened.study.set_user_attr(RUN, run.id)
        yield opened.study, config, run.id


def ended(state, **more):
    """A trial of a CAN that came to nothing."""
    return optuna.create_trial(
        params={"model": "can", "learning_rate": 1e-4, "alpha": 0.2},
        distributions={
            "model": CategoricalDistribution(["unet", "can"]),
            "learning_rate": FloatDistribution(1e-5, 1e-2, log=True),
            "alpha": FloatDistribution(0.01, 0.5),
        },
        state=state,
        **more,
    )


def test_a_map_is_drawn_only_of_what_completed_trials_have(space):
    varied = {"space": "model=unet|can,learning_rate=1e-5..1e-2:log,alpha=0.01..0.5"}
    varied |= {"model": "unet", "depth": 7, "trials": 2}
    with opened_study(space, "switched", **varied) as (study, config, run):
        study.add_trial(ended(TrialState.PRUNED, intermediate_values={1: 0.1}))
        study.enqueue_trial({"model": "unet", "learning_rate": 1e-3})
    tune(config)
    assert [trial.state.name for trial in study.trials] == ["PRUNED", "COMPLETE"]
    told = space.client.get_run(run)
    assert told.info.status == "FINISHED"
    assert "seglab.best_command" in told.data.tags
    figures = {file.path for file in space.client.list_artifacts(run, "figures")}
    assert {"figures/slices.png", "figures/study.html"} <= figures
    assert "figures/map.png" not in figures


def without_password(url):
    """The address of a database with the user's name alone."""
    whole = make_url(url)
    return URL.create("postgresql+psycopg", "postgres", database=whole.database, query=whole.query)


@pytest.mark.parametrize("how", ["before the host", "as an option"])
def test_the_password_of_a_database_is_kept_nowhere(space, postgres, how):
    url = without_password(postgres)
    if how == "before the host":
        given = url.set(password="hidden").render_as_string(hide_password=False)
    else:
        given = f"{url}&password=hidden"
    config = TuneConfig(
        study=f"secret {how}".replace(" ", "-"),
        data_dir=str(space.data_dir),
        **SMALL | {"trials": 0, "storage": given},
    )
    tune(config)
    tune(config)  # joined by whoever knows it
    with open_study(config, given) as opened:
        assert opened.joined
        kept = str(opened.study.user_attrs)
    run = space.runs()[0]
    assert run.data.tags[STUDY] == config.study
    for text in (kept, run.data.params["storage"], run.data.tags[DATABASE]):
        assert "postgresql+psycopg://" in text
        assert "hidden" not in text


def test_a_database_without_a_password_in_its_address_is_reported_from_the_run(space, postgres):
    """PostgreSQL's driver knows the password, as from ~/.pgpass."""
    url = str(without_password(postgres))
    given = SMALL | {"trials": 0, "storage": url}
    tune(TuneConfig(study="known", data_dir=str(space.data_dir), **given))
    run = space.runs()[0]
    assert run.data.tags[DATABASE] == run.data.params["storage"] == url
    report(ReportConfig(run=run.info.run_id))


def test_a_password_that_mlflow_run_has_logged_is_refused(space, monkeypatch):
    monkeypatch.setenv("MLFLOW_RUN_ID", "0123")
    url = "postgresql+psycopg://me:hidden@127.0.0.1:1/studies"
    with pytest.raises(TrackingError, match=r"run 0123: delete that run.*~/\.pgpass") as caught:
        tune(TuneConfig(data_dir=str(space.data_dir), **SMALL, storage=url))
    assert "hidden" not in str(caught.value)


def test_a_study_whose_first_trial_is_trained_is_reported(space, capsys):
    with opened_study(space, "young") as (_, _, run):
        load_study(space, "young").ask()
    report(ReportConfig(run=run))
    assert "1 trial running" in capsys.readouterr().out
    assert space.runs()[0].info.status == "FINISHED"


def test_a_better_trial_that_was_begun_before_is_the_latest_best(space):
    tune(TuneConfig(study="trained", data_dir=str(space.data_dir), **SMALL | {"trials": 1}))
    trained = load_study(space, "trained").trials[0].user_attrs[RUN]
    with opened_study(space, "overtaken") as (_, config, run):
        study = load_study(space, "overtaken")
        trials = [study.ask(), study.ask()]
        for trial in trials:
            Attempt(trial, config).begins(trained)
    for trial, value in ((trials[1], 0.5), (trials[0], 0.75)):
        trial.report(value, 1)
        study.tell(trial, value)
        report(ReportConfig(run=run))
        told = space.client.get_run(run).data
        assert told.metrics["best/dice"] == value
        assert told.tags["seglab.best_trial"] == str(trial.number)


def test_why_no_trial_completed_is_told(space):
    with opened_study(space, "vain") as (study, _, run):
        study.add_trial(ended(TrialState.PRUNED, intermediate_values={1: 0.1}))
    with pytest.raises(StudyError, match=r"vain completed: all that ended were pruned$"):
        report(ReportConfig(run=run))
    study.add_trial(ended(TrialState.FAIL, user_attrs={FAILURE: "the loss became nan"}))
    with pytest.raises(StudyError, match=r"vain completed: the loss became nan$"):
        report(ReportConfig(run=run))
