"""Studies of real trainings, as small as can be."""

import os
import signal
from dataclasses import replace
from functools import partial

import optuna
import pytest
from mlflow import MlflowClient
from studies import (
    LONG,
    SMALL,
    check_whole,
    children,
    load_study,
    prepared,
    wait_for_checkpoint,
)

from seglab.data.pictures import open_pictures
from seglab.errors import CacheError, StudyError
from seglab.jobs.report import report
from seglab.jobs.tune import train_trial, tune
from seglab.results.config import ReportConfig
from seglab.superpixels.config import TargetsConfig
from seglab.superpixels.painting import fill_targets
from seglab.tracking.run import start_run
from seglab.tuning.config import TuneConfig
from seglab.tuning.results import trials_table
from seglab.tuning.study import RUN
from seglab.tuning.worker import open_study, work
from tests.tuning.trivial import spawned


@pytest.fixture(scope="module")
def space(tmp_path_factory, empty_database):
    """A folder with prepared data and an MLflow store."""
    return prepared(tmp_path_factory.mktemp("tune"), empty_database)


@pytest.fixture(autouse=True)
def tracked(space, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", space.uri)
    monkeypatch.chdir(space.folder)


@pytest.fixture
def study_named(space):
    """What Optuna keeps of a study."""
    return partial(load_study, space)


def small(workspace, name, **changes):
    return TuneConfig(study=name, data_dir=str(workspace.data_dir), **SMALL | changes)


def test_study_is_found_whole_from_its_run(space, study_named, capsys):
    tune(small(space, "whole", trials=2))
    tune(small(space, "whole", trials=3))
    study = study_named("whole")
    client = MlflowClient()
    parent = client.get_run(study.user_attrs[RUN])
    assert parent.info.status == "FINISHED"
    assert parent.data.tags["optuna.study"] == "whole"
    runs = {run.data.tags["optuna.trial"]: run for run in children(study)}
    assert sorted(runs) == ["0", "1", "2"]
    for trial in study.trials:
        run = runs[str(trial.number)]
        assert run.info.run_id == trial.user_attrs[RUN]
        assert run.data.metrics["objective"] == trial.value
        assert float(run.data.params["alpha"]) == trial.params["alpha"]
        losses = [m.value for m in client.get_metric_history(run.info.run_id, "val/loss")]
        dices = [m.value for m in client.get_metric_history(run.info.run_id, "val/dice")]
        assert trial.value == dices[losses.index(min(losses))]
    best = study.best_trial
    assert parent.data.tags["seglab.best_run"] == best.user_attrs[RUN]
    champion = client.get_model_version_by_alias("seglab.whole", "champion")
    assert champion.run_id == best.user_attrs[RUN]
    figures = {file.path for file in client.list_artifacts(parent.info.run_id, "figures")}
    drawn = {f"figures/{name}.png" for name in ("history", "curves", "map", "slices")}
    assert drawn | {"figures/study.html"} <= figures

    # What it says trains the best trial does train it, bit for bit.
    command = parent.data.tags["seglab.best_command"]
    assert command in capsys.readouterr().out
    flags = dict(word.split("=", 1) for word in command.split() if "=" in word)
    space.run("train", **flags)
    again = space.runs()[0].data.metrics
    assert again["val/loss"] == client.get_run(best.user_attrs[RUN]).data.metrics["val/loss"]


def test_report_tells_what_a_study_found_while_it_goes_on(space, study_named, capsys):
    config = small(space, "told", trials=1, epochs=1)
    tune(config)
    parent = study_named("told").user_attrs[RUN]
    study_named("told").ask()
    for tell in (
        lambda: report(ReportConfig(run=parent)),
        lambda: tune(replace(config, trials=0)),
    ):
        MlflowClient().delete_tag(parent, "seglab.best_command")
        tell()
        found = MlflowClient().get_run(parent)
        assert found.data.tags["seglab.best_command"] in capsys.readouterr().out
        assert found.info.status == "FINISHED"
    assert [trial.state.name for trial in study_named("told").trials] == ["COMPLETE", "RUNNING"]


def test_pruned_trial_ends_well_without_checkpoints(space, study_named):
    config = small(space, "pruned", pruner="median", trials=6)
    with open_study(config, f"sqlite:///{space.folder}/optuna.db") as opened:
        for _ in range(5):
            done = optuna.create_trial(value=1.0, intermediate_values={1: 1.0, 2: 1.0})
            opened.study.add_trial(done)
        with start_run("study", params={}) as parent:
            work(opened, parent.id, train_trial, lambda: None)
    trial = study_named("pruned").trials[-1]
    assert trial.state.name == "PRUNED"
    run = MlflowClient().get_run(trial.user_attrs[RUN])
    assert run.info.status == "FINISHED"
    assert run.data.tags["pruned"] == "true"
    assert not (space.data_dir / "runs" / run.info.run_id).exists()


def test_loss_that_is_not_finite_fails_the_trial_alone(space, study_named):
    config = small(space, "nan", sampler="grid", space="learning_rate=1e-3|1e30", trials=9)
    tune(config)
    study = study_named("nan")
    states = {trial.params["learning_rate"]: trial.state.name for trial in study.trials}
    assert states == {1e-3: "COMPLETE", 1e30: "FAIL"}
    assert len(study.trials) == 2
    drawn = MlflowClient().list_artifacts(study.user_attrs[RUN], "figures")
    assert {"figures/history.png", "figures/curves.png", "figures/slices.png"} == {
        file.path for file in drawn if file.path.endswith(".png")
    }
    statuses = {run.info.status: run.data.tags for run in children(study)}
    assert set(statuses) == {"FINISHED", "FAILED"}
    assert "the loss became" in statuses["FAILED"]["seglab.error"]


def test_too_large_a_network_fails_the_trial_alone(space, study_named):
    tune(small(space, "large", sampler="grid", space="width=2|4000000", width=0))  # 576 TB
    study = study_named("large")
    states = {trial.params["width"]: trial.state.name for trial in study.trials}
    assert states == {2: "COMPLETE", 4000000: "FAIL"}
    failed = next(run for run in children(study) if run.info.status == "FAILED")
    assert failed.data.tags["seglab.error"].startswith("out of memory")


def test_painters_are_compared_by_boundary_recall_at_one_compactness(space, study_named):
    pictures = open_pictures(str(space.data_dir), "folder")
    painting = {"dataset": "folder", "data_dir": str(space.data_dir), "superpixels": 12}
    fill_targets(TargetsConfig(mask_weight=0, workers=1, **painting), pictures)
    given = {name: value for name, value in SMALL.items() if name != "tile"} | {"crop": 16}
    config = TuneConfig(
        study="recall",
        data_dir=str(space.data_dir),
        trials=1,
        **given | {"task": "superpixels", "objective": "boundary_recall", "compactness": 1.0},
    )
    tune(config)
    (trial,) = study_named("recall").trials
    assert trial.state.name == "COMPLETE"
    assert 0 < trial.value <= 1
    (run,) = children(study_named("recall"))
    assert run.data.metrics["objective"] == trial.value


@pytest.fixture
def paint(space):
    """Paints the pictures by so many superpixels, which trainings learn from then on."""

    def targets(superpixels):
        given = {"dataset": "folder", "data_dir": str(space.data_dir), "superpixels": superpixels}
        pictures = open_pictures(str(space.data_dir), "folder")
        fill_targets(TargetsConfig(mask_weight=0, workers=1, **given), pictures)

    return targets


def test_a_study_goes_on_with_the_targets_of_its_first_trial_alone(space, study_named, paint):
    given = {name: value for name, value in SMALL.items() if name != "tile"} | {"crop": 16}
    given |= {"study": "held", "data_dir": str(space.data_dir), "task": "superpixels", "epochs": 1}
    config = TuneConfig(**given, trials=2)
    paint(12)
    tune(replace(config, trials=1))
    paint(20)
    said = "of its trials: 12 superpixels .* those of now: 20 superpixels .*name another --study"
    with pytest.raises(StudyError, match=said):
        tune(config)
    assert [trial.state.name for trial in study_named("held").trials] == ["COMPLETE"]
    tune(replace(config, trials=0))  # what was found can be told all the same
    # Targets that are painted anew while a study is at work stop it, and cost it no trial.
    with (
        open_study(config, f"sqlite:///{space.folder}/optuna.db") as opened,
        start_run("study", params={}) as parent,
        pytest.raises(StudyError, match=said),
    ):
        work(opened, parent.id, train_trial, lambda: None)
    paint(12)
    tune(config)
    states = [trial.state.name for trial in study_named("held").trials]
    assert states == ["COMPLETE", "FAIL", "COMPLETE"]
    assert [run.info.status for run in children(study_named("held"))] == ["FINISHED"] * 2


def test_what_cannot_be_carried_out_leaves_no_study_behind(space, study_named):
    inputs = {"space": "inputs=rgb|guided,learning_rate=1e-3|1e-4", "inputs": "rgb+guided"}
    with pytest.raises(CacheError, match=r"no saliency maps of .* were made yet"):
        tune(small(space, "early", trials=1, epochs=1, **inputs))
    names = optuna.get_all_study_names(f"sqlite:///{space.folder}/optuna.db")
    assert "early" not in names
    tune(small(space, "early", trials=1, epochs=1))
    assert [trial.state.name for trial in study_named("early").trials] == ["COMPLETE"]


def test_study_without_a_good_trial_says_why(space):
    with pytest.raises(StudyError, match="no trial of the study bad completed: the loss became"):
        tune(small(space, "bad", space="learning_rate=1e30|2e30", trials=1))


def test_killed_worker_is_replaced_and_its_trial_goes_on(space, study_named):
    process = space.start("tune", study="killed", workers=2, **SMALL | LONG)
    trial = wait_for_checkpoint(space, "killed", process)
    os.kill(int(trial.user_attrs["seglab.worker"].split(":")[1]), signal.SIGKILL)
    _, errors = process.communicate()
    assert process.returncode == 0, errors
    study = study_named("killed")
    states = sorted(trial.state.name for trial in study.trials)
    assert states == ["COMPLETE", "COMPLETE", "FAIL"]
    again = next(t for t in study.trials if t.user_attrs.get("seglab.continues") == trial.number)
    assert again.params == trial.params
    assert again.user_attrs[RUN] == trial.user_attrs[RUN]
    runs = children(study)
    assert [run.info.status for run in runs] == ["FINISHED"] * 2
    for run in runs:
        history = MlflowClient().get_metric_history(run.info.run_id, "val/loss")
        assert [point.step for point in history] == list(range(1, LONG["epochs"] + 1))


def test_stopped_study_goes_on_with_the_same_command(space, study_named):
    name = "stopped"
    process = space.start("tune", study=name, **SMALL | LONG | {"trials": 1})
    trial = wait_for_checkpoint(space, name, process)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate()
    assert process.returncode == 130, errors
    assert [t.state.name for t in study_named(name).trials] == ["FAIL", "WAITING"]
    (run,) = children(study_named(name))
    assert run.info.status == "KILLED"
    check_numbers(study_named(name), [0])

    space.run("tune", study=name, **SMALL | LONG | {"trials": 1})
    assert [t.state.name for t in study_named(name).trials] == ["FAIL", "COMPLETE"]
    (run,) = children(study_named(name))
    assert (run.info.run_id, run.info.status) == (trial.user_attrs[RUN], "FINISHED")
    assert MlflowClient().get_run(study_named(name).user_attrs[RUN]).info.status == "FINISHED"
    check_numbers(study_named(name), [1])


def check_numbers(study, numbers):
    """The table of trials, and names and tags of runs, have the same numbers."""
    trials = trials_table(study)
    assert trials.number.tolist() == numbers
    runs = {run.info.run_id: run for run in children(study)}
    for row in trials.itertuples():
        assert runs[row.run_id].info.run_name == f"{study.study_name} trial {row.number}"
        assert runs[row.run_id].data.tags["optuna.trial"] == str(row.number)


def told_nothing(attempt, parent):
    """A training that is whole, but whose process is killed before it tells the study."""
    train_trial(attempt, parent)
    os.kill(os.getpid(), signal.SIGKILL)


def test_trial_killed_after_its_last_epoch_is_completed(space, study_named):
    config = small(space, "silent", trials=1)
    url = f"sqlite:///{space.folder}/optuna.db"
    with open_study(config, url) as opened, start_run("study", params={}) as parent:
        opened.study.set_user_attr(RUN, parent.id)
        with spawned(config, url, parent.id, told_nothing) as process:
            process.join()
            assert process.exitcode == -signal.SIGKILL
        work(opened, parent.id, train_trial, lambda: None)
    check_whole(space, "silent", trials=1, epochs=2)
