"""A study on a real Ray cluster of two machines with a GPU each, with faults in mid-trial."""

import threading
import time
from contextlib import contextmanager
from functools import partial

import psutil
import pytest
from mlflow import MlflowClient

from seglab.launching.cluster import connected, kept_on_ray
from seglab.launching.config import LaunchConfig
from seglab.launching.crew import Crew, Watch
from seglab.launching.launch import launch
from seglab.tracking.run import start_run
from seglab.tuning.remote import Kept
from seglab.tuning.study import RUN
from seglab.tuning.worker import Member, is_done, open_study
from tests.tuning.trivial import slow_bowl, study_of

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


@contextmanager
def study_on(cluster, url, tmp_path, **changes):
    """A study whose database the cluster's keeper has, and what launches workers on it."""
    config = study_of(tmp_path, heartbeat=1, **changes)
    launching = LaunchConfig(engine="ray", ray_address=cluster.address)
    with (
        connected(cluster.address),
        kept_on_ray(cluster.address, partial(Kept, url, config.heartbeat)) as call,
        open_study(config, call) as opened,
        start_run("study", params={}) as parent,
    ):
        crew = Crew(2, tmp_path / "log", retries=4)
        member = Member(config, call, parent.id, slow_bowl)
        watch = Watch(enough=lambda: is_done(opened))
        yield opened, parent.id, lambda: launch(launching, member, range(2), crew, watch)


def running(study, count=1):
    """Trials at work, as soon as there are so many."""
    for _ in range(300):
        trials = [
            t for t in study.get_trials() if t.state.name == "RUNNING" and RUN in t.user_attrs
        ]
        if len(trials) >= count:
            return trials
        time.sleep(0.2)  # each look is some work for a cluster
    raise AssertionError("no trials at work")


def worker_of(trial):
    """The process that carries a trial out."""
    return psutil.Process(int(trial.user_attrs["seglab.worker"].split(":")[1]))


def raylet_of(machine):
    """Id of the process that starts a machine's workers."""
    return machine.all_processes["raylet"][0].process.pid


def check_outcome(study, parent, wanted):
    """Every trial that counts is complete, and its run in MLflow FINISHED, and no other is left."""
    trials = study.get_trials()
    superseded = {trial.user_attrs.get("seglab.continues") for trial in trials}
    counting = [trial for trial in trials if trial.number not in superseded]
    assert [trial.state.name for trial in counting] == ["COMPLETE"] * wanted
    assert {t.state.name for t in trials if t.number in superseded} == {"FAIL"}
    found = MlflowClient().search_runs(["0"], f"tags.mlflow.parentRunId = '{parent}'")
    assert {run.info.status for run in found} == {"FINISHED"}
    runs = {run.info.run_id: run for run in found}
    assert set(runs) == {trial.user_attrs[RUN] for trial in counting}
    for trial in counting:
        assert runs[trial.user_attrs[RUN]].data.metrics["val/dice"] == trial.value


def test_killed_worker_and_lost_machine_cost_no_trial(ray_cluster, postgres, http_store, tmp_path):
    machines = [ray_cluster.add_node(num_cpus=1, num_gpus=1) for _ in range(2)]
    with study_on(ray_cluster, postgres, tmp_path, trials=6, epochs=6) as (opened, parent, go):

        def break_things():
            one, other = (worker_of(trial) for trial in running(opened.study, 2))
            one.kill()
            raylet = other.parent().pid
            ray_cluster.remove_node(next(m for m in machines if raylet_of(m) == raylet))

        breaking = threading.Thread(target=break_things)
        breaking.start()
        go()
        breaking.join()
        check_outcome(opened.study, parent, 6)
        workers = {trial.user_attrs["seglab.worker"] for trial in opened.study.get_trials()}
        assert len(workers) >= 3
    for machine in list(ray_cluster.worker_nodes):
        ray_cluster.remove_node(machine)
