"""Studies on a real Slurm and a real Ray cluster whose jobs and head are lost in mid-trial."""

import os
import signal
import subprocess
import time

import psutil
import pytest
from studies import LONG, SMALL, check_whole, children, load_study, prepared, wait_for_checkpoint

from seglab.jobs.tune import tune
from seglab.tuning.config import TuneConfig
from seglab.tuning.study import RUN
from tests.ray_cluster import running_cluster


@pytest.fixture(scope="module")
def space(tmp_path_factory, empty_database):
    return prepared(tmp_path_factory.mktemp("clusters"), empty_database)


def go_on_here(space, monkeypatch, **study):
    """Joins a study in this process."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", space.uri)
    monkeypatch.chdir(space.folder)
    tune(TuneConfig(data_dir=str(space.data_dir), **study))


def test_study_on_slurm_is_stopped_cleanly_and_goes_on(slurm_cluster, space, monkeypatch):
    """A job is cancelled, and replaced; Ctrl-C stops that one; the study ends without Slurm."""
    space.environment["SLURM_CONF"] = os.environ["SLURM_CONF"]
    given = {"study": "jobs", **SMALL | LONG | {"trials": 1}}
    process = space.start("tune", engine="slurm", **given)
    trial = wait_for_checkpoint(space, "jobs", process)
    its = psutil.Process(int(trial.user_attrs["seglab.worker"].split(":")[1])).environ()
    subprocess.run(["scancel", its["SLURM_JOB_ID"]], check=True)
    while load_study(space, "jobs").trials[trial.number].state.name == "RUNNING":
        assert process.poll() is None, process.communicate()
        time.sleep(0.2)
    wait_for_checkpoint(space, "jobs", process)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate()
    assert process.returncode == 130, errors
    study = load_study(space, "jobs")
    assert {trial.state.name for trial in study.trials} <= {"FAIL", "WAITING", "COMPLETE"}
    assert {run.info.status for run in children(study, space.client)} <= {"KILLED", "FINISHED"}

    go_on_here(space, monkeypatch, **given)
    check_whole(space, "jobs", trials=1, epochs=LONG["epochs"])


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_study_whose_head_dies_is_told_and_joined_without_ray(space, monkeypatch):
    """A worker of it completes a trial and begins another."""
    handed = space.client.create_run("0").info.run_id
    space.environment["MLFLOW_RUN_ID"] = handed  # as mlflow run does: for the study, not its trials
    with running_cluster(1) as cluster:
        command = {"study": "headless", "engine": "ray", **SMALL | LONG}
        process = space.start("tune", ray_address=cluster.address, **command)
        first = wait_for_checkpoint(space, "headless", process)
        while wait_for_checkpoint(space, "headless", process).number == first.number:
            time.sleep(1)
        for kind in ("gcs_server", "raylet"):
            cluster.head_node.all_processes[kind][0].process.kill()
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 1
        assert f"the head of the Ray cluster at {cluster.address} is gone" in errors
        assert "Traceback" not in errors
    study = load_study(space, "headless")
    assert study.user_attrs[RUN] == handed
    assert [trial.state.name for trial in study.trials] == ["COMPLETE", "RUNNING"]
    runs = [space.client.get_run(run_id) for run_id in (handed, first.user_attrs[RUN])]
    here, there = (run.data.tags["seglab.git.commit"] for run in runs)
    assert here == there

    go_on_here(space, monkeypatch, study="headless", **SMALL | LONG)
    check_whole(space, "headless", trials=2, epochs=LONG["epochs"])
