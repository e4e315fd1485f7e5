"""Which run a job writes into, and the status that run ends with."""

import os
import re
from typing import NamedTuple

from mlflow import MlflowClient
from mlflow.entities import Experiment, Run
from mlflow.exceptions import MlflowException
from mlflow.tracking.context.registry import resolve_tags
from mlflow.utils.mlflow_tags import MLFLOW_SOURCE_TYPE

from seglab.errors import SeglabError, TrackingError
from seglab.tracking.signals import Terminated, dismiss_parent, stop_with_parent
from seglab.tracking.store import first_line, shown, told

ERROR = "seglab.error"
"""Tag of a failed run: the first line of what went wrong."""
RESUMES = "seglab.resumes"
"""Tag of a run that ``mlflow run`` made for a call that goes on in another run: that run's id."""
GENERATED_NAME = re.compile(r"[a-z]+-[a-z]+-\d+")
"""A name MLflow made up for a run nobody named."""


class Outcome(NamedTuple):
    """How a run ended: FINISHED, FAILED or KILLED, and why."""

    status: str
    error: str = ""


class Target(NamedTuple):
    """The run a job writes into, and the one ``mlflow run`` made for the call if it is another."""

    run: Run
    wrapper: str = ""
    project: bool = False
    """Whether ``mlflow run`` started this process."""


def open_target(client: MlflowClient, name: str, resume: str) -> Target:
    """The run to write into, in status RUNNING.

    That is run ``resume`` if given; else the run handed over by ``mlflow run`` in MLFLOW_RUN_ID,
    which is taken once a process; else a new one in the experiment of MLFLOW_EXPERIMENT_NAME or
    MLFLOW_EXPERIMENT_ID, or in Default.
    """
    handed = os.environ.pop("MLFLOW_RUN_ID", "")
    project = False
    if handed:
        given = find_run(client, handed, "MLFLOW_RUN_ID")
        project = given.data.tags.get(MLFLOW_SOURCE_TYPE) == "PROJECT"
        if project:
            stop_with_parent()
    if resume:
        return Target(_reopen(client, resume), "" if handed == resume else handed, project)
    if handed:
        if GENERATED_NAME.fullmatch(given.info.run_name or ""):
            with told("naming the run"):
                client.update_run(handed, name=name)
        return Target(_running(client, given), project=project)
    experiment = experiment_of_environment(client)
    with told("creating a run"):
        return Target(
            client.create_run(experiment.experiment_id, run_name=name, tags=resolve_tags())
        )


def find_run(client: MlflowClient, run_id: str, flag: str = "run") -> Run:
    """The run of this id; raises ``TrackingError`` if the store has none, or has it deleted."""
    store = shown(client.tracking_uri)
    with told(f"looking for {flag}={run_id!r}"):
        try:
            run = client.get_run(run_id)
        except MlflowException as fault:
            if fault.error_code not in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                raise
            raise TrackingError(
                f"{flag}={run_id!r} does not exist in the store {store}; take the id that the "
                "MLflow UI shows, or point MLFLOW_TRACKING_URI at the store that has it"
            ) from fault
    if run.info.lifecycle_stage == "deleted":
        raise TrackingError(
            f"{flag}={run_id!r} is deleted in the store {store}; restore it with `mlflow "
            f"runs restore --run-id {run_id}`"
        )
    return run


def outcome(fault: BaseException | None) -> Outcome:
    """The outcome of a job that was left by ``fault``, or by nothing."""
    match fault:
        case None | SystemExit(code=None | 0):
            return Outcome("FINISHED")
        case KeyboardInterrupt():
            return Outcome("KILLED", "interrupted (SIGINT)")
        case SystemExit(code=Terminated.status):
            return Outcome("KILLED", "terminated (SIGTERM)")
        case SystemExit():
            return Outcome("FAILED", f"exit code {fault.code}")
        case SeglabError():
            return Outcome("FAILED", first_line(fault))
        case _:
            return Outcome("FAILED", f"{type(fault).__name__}: {first_line(fault)}")


def end(client: MlflowClient, target: Target, how: Outcome) -> None:
    """Ends the run, and the one ``mlflow run`` made for the call alike."""
    for run_id in filter(None, (target.run.info.run_id, target.wrapper)):
        with told(f"ending run {run_id} as {how.status}"):
            if how.error:
                client.set_tag(run_id, ERROR, how.error[:500])
            client.set_terminated(run_id, how.status)
    if how.status == "KILLED" and target.project:
        dismiss_parent()


def _reopen(client: MlflowClient, run_id: str) -> Run:
    run = _running(client, find_run(client, run_id, "resume"))
    if ERROR in run.data.tags:
        with told("clearing the error of an earlier attempt"):
            client.delete_tag(run_id, ERROR)
    return run


def _running(client: MlflowClient, run: Run) -> Run:
    if run.info.status != "RUNNING":
        with told("going on with a run"):
            client.update_run(run.info.run_id, status="RUNNING")
    return run


def experiment_of_environment(client: MlflowClient) -> Experiment:
    """The experiment of MLFLOW_EXPERIMENT_NAME or MLFLOW_EXPERIMENT_ID, or Default."""
    name = os.environ.get("MLFLOW_EXPERIMENT_NAME")
    if name:
        return _experiment_named(client, name)
    experiment_id = os.environ.get("MLFLOW_EXPERIMENT_ID", "0")
    with told(f"opening experiment {experiment_id} (MLFLOW_EXPERIMENT_ID)"):
        return client.get_experiment(experiment_id)


def _experiment_named(client: MlflowClient, name: str) -> Experiment:
    with told(f"opening experiment {name!r} (MLFLOW_EXPERIMENT_NAME)"):
        try:
            return client.get_experiment(client.create_experiment(name))
        except MlflowException as fault:
            found = client.get_experiment_by_name(name)
            if fault.error_code != "RESOURCE_ALREADY_EXISTS" or found is None:
                raise
            return found
