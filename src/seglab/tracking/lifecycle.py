"""Which run a job writes into, and the status that run ends with."""

import os
import re
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from mlflow import MlflowClient
from mlflow.entities import Experiment, Run
from mlflow.exceptions import MlflowException
from mlflow.tracking.context.registry import resolve_tags
from mlflow.utils.mlflow_tags import MLFLOW_SOURCE_TYPE

from seglab.errors import ConfigError, SeglabError, TrackingError
from seglab.reasons import first_line, shown
from seglab.tracking.members import forget, is_shared, join, leave
from seglab.tracking.process import PROCESS, identity, is_alive
from seglab.tracking.signals import Terminated, stop_with_parent
from seglab.tracking.store import told, unrepeated

ERROR = "seglab.error"
"""Tag of a failed run: what went wrong, in a line of at most 500 characters."""
RESUMES = "seglab.resumes"
"""Tag of a run that ``mlflow run`` made for a call that goes on in another run: that run's id."""
OFFLINE_ID = "seglab.offline_id"
"""Tag of a run that was started without the server: the id it had until then."""
GENERATED_NAME = re.compile(r"[a-z]+-[a-z]+-\d+")
"""A name MLflow made up for a run nobody named."""


class Outcome(NamedTuple):
    """How a run ended: FINISHED, FAILED or KILLED, and why."""

    status: str
    error: str = ""
    shared: bool = False
    """Whether other processes may be at work on the run."""
    done: bool = False
    """Whether what they do together is complete."""


class Target(NamedTuple):
    """The run a job writes into, and the one ``mlflow run`` made for the call if it is another."""

    run_id: str
    """The id it is known by, which for a run started offline is that of its start."""
    stored_id: str
    """MLflow's id of it; empty while the server knows of no such run."""
    experiment_id: str
    wrapper: str = ""
    project: bool = False
    """Whether ``mlflow run`` started this process."""


def open_target(client: MlflowClient, name: str, resume: str, shared: bool = False) -> Target:
    """The run to write into, in status RUNNING.

    That is run ``resume`` if given, where others may be at work if it is ``shared``; else the run
    handed over by ``mlflow run`` in MLFLOW_RUN_ID; else a new one in the experiment of
    MLFLOW_EXPERIMENT_NAME or MLFLOW_EXPERIMENT_ID, or in Default.
    """
    handed = os.environ.get("MLFLOW_RUN_ID", "")
    process = identity()
    project = False
    if handed:
        given = handed_over(client, handed)
        check_reach(client, given.info.artifact_uri)
        project = is_project(given)
        _running(client, given, process)
        if GENERATED_NAME.fullmatch(given.info.run_name or ""):
            with told("naming the run"):
                client.update_run(handed, name=f"resumes {name}" if resume else name)
    if resume:
        check_reach(client, find_run(client, resume, "resume").info.artifact_uri)
        run = reopen(client, resume, process, shared)
        return target(run, "" if handed == resume else handed, project)
    if handed:
        return target(given, project=project)
    experiment = experiment_of_environment(client)
    check_reach(client, experiment.artifact_location)
    tags = {**resolve_tags(), PROCESS: process}
    with told("creating a run"), unrepeated():
        return target(client.create_run(experiment.experiment_id, run_name=name, tags=tags))


def handed_over(client: MlflowClient, run_id: str) -> Run:
    """The run that ``mlflow run`` handed to this process, which ends when that does."""
    run = find_run(client, run_id, "MLFLOW_RUN_ID")
    if is_project(run):
        stop_with_parent()
    return run


def is_project(run: Run) -> bool:
    """Whether ``mlflow run`` made a run."""
    return bool(run.data.tags.get(MLFLOW_SOURCE_TYPE) == "PROJECT")


def check_reach(client: MlflowClient, artifacts: str) -> None:
    """Raises ``TrackingError`` for files that a server alone can store, where none is used."""
    if artifacts.startswith("mlflow-artifacts:") and not client.tracking_uri.startswith("http"):
        raise TrackingError(
            f"the experiment in {shown(client.tracking_uri)} was made by a server, which alone "
            "stores its files: start the server again (`make serve`) and set MLFLOW_TRACKING_URI "
            "to its address, or set MLFLOW_EXPERIMENT_NAME to a new name"
        )


def target(run: Run, wrapper: str = "", project: bool = False) -> Target:
    """A run in the store, as the one to write into."""
    given = run.data.tags.get(OFFLINE_ID, run.info.run_id)
    return Target(given, run.info.run_id, run.info.experiment_id, wrapper, project)


def find_run(client: MlflowClient, run_id: str, flag: str = "run") -> Run:
    """The run of this id, which may be the one that it was started with offline.

    Raises ``TrackingError`` if the store has none, or has it deleted.
    """
    store = shown(client.tracking_uri)
    with told(f"looking for {flag}={run_id!r}"):
        try:
            run = client.get_run(run_id)
        except MlflowException as fault:
            if fault.error_code not in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                raise
            offline = _find_offline(client, run_id)
            if offline is None:
                raise TrackingError(
                    f"{flag}={run_id!r} does not exist in the store {store}; take the id, all 32 "
                    "characters of it, that the MLflow UI shows, or point MLFLOW_TRACKING_URI at "
                    "the store that has it"
                ) from fault
            run = offline
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
        case SystemExit(__cause__=ConfigError() as refused):
            return outcome(refused)
        case SystemExit():
            return Outcome("FAILED", f"exit code {fault.code}")
        case SeglabError():
            # In one line, for many list all that is wrong below a heading.
            return Outcome("FAILED", shown(" ".join(str(fault).split())))
        case _:
            return Outcome("FAILED", f"{type(fault).__name__}: {first_line(fault)}")


def end(client: MlflowClient, run_id: str, how: Outcome, at: int, process: str = "") -> None:
    """Ends a run, as of ``at`` ms, unless another process than ``process`` goes on with it.

    One that is shared ends with the last of its processes, but a stop does not undo that it ended
    well.
    """
    run = client.get_run(run_id)
    tags = run.data.tags
    if process and (how.shared or is_shared(tags)):
        ended_well = run.info.status == "FINISHED" and how.status != "FINISHED"
        if not leave(client, run, process, how.done) or ended_well:
            return
    elif process and tags.get(PROCESS, process) != process:
        return
    if how.error:
        client.set_tag(run_id, ERROR, how.error[:500])
    elif ERROR in tags:  # of who took it for dead, not knowing what it had still to deliver
        forget(client, run_id, [ERROR])
    client.set_terminated(run_id, how.status, at)


def end_record(how: Outcome) -> dict[str, Any]:
    """The record of the spool that ends a run now."""
    return {"op": "end", **how._asdict(), "at": now()}


def now() -> int:
    """Milliseconds since 1970, the time of MLflow."""
    return time.time_ns() // 1_000_000


def reopen(client: MlflowClient, run_id: str, process: str, shared: bool = False) -> Run:
    """The run of this id in status RUNNING, without the error of an earlier attempt.

    Raises ``TrackingError`` where another process of this machine is at work on it, unless they are
    to share it.
    """
    run = find_run(client, run_id, "resume")
    if shared:
        with told("joining a run"):
            join(client, run, process)
            _clear_error(client, run)
        return run
    writes = run.data.tags.get(PROCESS, "")
    if run.info.status == "RUNNING" and writes != process and is_alive(writes):
        raise TrackingError(
            f"resume={run_id}: process {writes.split()[3]} of this machine is at work on this run; "
            "wait until it ends, or stop it"
        )
    return _running(client, run, process)


def born_offline(name: str, run_id: str) -> dict[str, object]:
    """What a run is made of, later, that starts without the server."""
    tags = {**resolve_tags(), PROCESS: identity(), OFFLINE_ID: run_id}
    return {"name": name, "tags": tags, "experiment": experiment_named()}


def create_once(client: MlflowClient, made_of: Mapping[str, Any]) -> str:
    """Id of the run ``made_of`` describes, which is made unless it is there already."""
    found = _find_offline(client, made_of["tags"][OFFLINE_ID])
    if found:
        return str(found.info.run_id)
    experiment = _experiment(client, **made_of["experiment"])
    run = client.create_run(
        experiment.experiment_id, made_of["at"], made_of["tags"], made_of["name"]
    )
    return str(run.info.run_id)


def experiment_of_environment(client: MlflowClient) -> Experiment:
    """The experiment of MLFLOW_EXPERIMENT_NAME or MLFLOW_EXPERIMENT_ID, or Default."""
    return _experiment(client, **experiment_named())


def experiment_named() -> dict[str, str]:
    """The experiment of the environment: MLFLOW_EXPERIMENT_NAME or MLFLOW_EXPERIMENT_ID."""
    return {
        "name": os.environ.get("MLFLOW_EXPERIMENT_NAME", ""),
        "experiment_id": os.environ.get("MLFLOW_EXPERIMENT_ID", "0"),
    }


def _find_offline(client: MlflowClient, offline_id: str) -> Run | None:
    """The run that had this id before the server knew it."""
    if not offline_id.isalnum():
        return None
    everywhere = [experiment.experiment_id for experiment in client.search_experiments()]
    found = client.search_runs(everywhere, f"tags.`{OFFLINE_ID}` = '{offline_id}'", max_results=1)
    return found[0] if found else None


def _running(client: MlflowClient, run: Run, process: str) -> Run:
    """The run in status RUNNING, with the process that writes it from now on."""
    with told("going on with a run"):
        client.set_tag(run.info.run_id, PROCESS, process)
        if run.info.status != "RUNNING":
            client.update_run(run.info.run_id, status="RUNNING")
        _clear_error(client, run)
    return run


def _clear_error(client: MlflowClient, run: Run) -> None:
    if ERROR in run.data.tags:
        forget(client, run.info.run_id, [ERROR])


def _experiment(client: MlflowClient, name: str, experiment_id: str) -> Experiment:
    if name:
        return _experiment_named(client, name)
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
