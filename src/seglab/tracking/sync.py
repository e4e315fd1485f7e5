"""Delivers what earlier processes could not, and closes the runs of those that died."""

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.utils.mlflow_tags import MLFLOW_USER
from sqlalchemy import make_url

from seglab.errors import TrackingError, all_faults, counted
from seglab.reasons import shown
from seglab.tracking import lifecycle
from seglab.tracking.delivery import deliver
from seglab.tracking.members import all_dead, members
from seglab.tracking.process import PROCESS, handed_here
from seglab.tracking.spool import REFUSED, Session, known_as, read_about, session_folders
from seglab.tracking.store import answers, connect, store_uri, told

DIED = lifecycle.Outcome("KILLED", "its process died")
"""How a run ends whose process could not say how."""
UNOPENED = lifecycle.Outcome("KILLED", "`mlflow run` ended before a job opened it")
"""How a run ends that waits for a job of a process that is gone."""


def sync() -> None:
    """Delivers every session that no living process writes, to its own store, in order.

    A run whose process died without a word ends as KILLED; so do runs of dead processes of this
    machine that are RUNNING in these stores or in that of MLFLOW_TRACKING_URI, and in a database of
    this machine runs that ``mlflow run`` made and no job opened. Raises ``TrackingError`` listing
    what could not be delivered.
    """
    stores: dict[str, list[str]] = {store_uri(): []}
    for folder in session_folders():
        if about := read_about(folder):
            runs = stores.setdefault(about.uri, [])
            if about.run_id not in runs:
                runs.append(about.run_id)
    faults: list[str] = []
    for uri, runs in stores.items():
        if not runs and not _exists(uri):
            continue
        if not answers(uri):
            faults.append(
                f"the tracking server {shown(uri)} does not answer; start it (`make serve`)"
            )
            continue
        try:
            with _in_store(uri):
                client = connect()
                for run_id in runs:
                    faults += _sync_run(client, run_id)
                _close_dead(client)
        except TrackingError as fault:
            faults.append(str(fault))
    if faults:
        remedy = "What waits is kept: when this is mended, run `python -m seglab sync` again."
        raise TrackingError(all_faults("sync could not do everything", faults, remedy))


def deliver_run(client: MlflowClient, run_id: str) -> None:
    """Delivers what dead processes logged to a run, which somebody goes on with.

    Raises ``TrackingError`` if the store does not take it.
    """
    for folder in _bound_here(run_id):
        if session := Session.claim(folder):
            try:
                deliver(session, client)
            finally:
                session.close()


def _sync_run(client: MlflowClient, run_id: str) -> list[str]:
    """Delivers the sessions of a run; returns what went wrong."""
    folders = _bound_here(run_id)
    for folder in folders:
        session = Session.claim(folder)
        if session is None:
            print(f"run {run_id}: a living process logs to it; left alone")
            return []
        try:
            waiting = session.waiting()
            if session.about.owns and not session.ended() and folder == folders[-1]:
                session.append(lifecycle.end_record(DIED))
            deliver(session, client)
            print(f"run {run_id}: {counted(waiting, 'value')} delivered")
            if (folder / REFUSED).exists():
                return [
                    f"run {run_id}: the store refused records, which are kept with the reasons in "
                    f"{folder / REFUSED}; delete that folder when they are not needed"
                ]
        except TrackingError as fault:
            return [f"{counted(session.waiting(), 'value')} of run {run_id} not sent: {fault}"]
        finally:
            session.close()
    return []


def _bound_here(run_id: str) -> list[Path]:
    """Sessions of a run whose records go to this store."""
    abouts = {folder: read_about(folder) for folder in session_folders(run_id)}
    return [folder for folder, about in abouts.items() if about and about.uri == store_uri()]


def _close_dead(client: MlflowClient) -> None:
    """Ends runs that are RUNNING though the process that wrote them is gone."""
    with told("looking for runs whose process died"):
        everywhere = [experiment.experiment_id for experiment in client.search_experiments()]
        found = mlflow.search_runs(
            everywhere, "attributes.status = 'RUNNING'", output_format="list"
        )
        for run in found:
            if session_folders(known_as(run.info.run_id)):
                continue  # its own end is there, and waits to be delivered, if to another address
            if all_dead(run.data.tags):
                _close(client, run, DIED)
            elif not members(run.data.tags) and lifecycle.is_project(run):
                _close_unopened(client, run)


def _close(client: MlflowClient, run: Run, how: lifecycle.Outcome) -> None:
    run_id = run.info.run_id
    lifecycle.end(client, run_id, how, lifecycle.now(), run.data.tags.get(PROCESS, ""))
    print(f"run {run_id}: {how.error}; it was RUNNING and is {how.status} now")


def _close_unopened(client: MlflowClient, run: Run) -> None:
    """Ends a run that ``mlflow run`` made for a job that never came.

    Such a run says nothing of its process: whoever made it in a file did so on this machine, whose
    processes say whether it is still at work. Of a server's, only its own user is told. A job that
    comes after all sets its run RUNNING again.
    """
    run_id, begun = run.info.run_id, datetime.fromtimestamp(run.info.start_time / 1000)
    if client.tracking_uri.startswith("sqlite:"):
        here = handed_here()
        if here is not None and run_id not in here:
            _close(client, run, UNOPENED)
    elif run.data.tags.get(MLFLOW_USER) == getpass.getuser():
        print(
            f"run {run_id}: `mlflow run` made it ({begun:%Y-%m-%d %H:%M}) and no job has opened "
            "it; left alone, for the machine it was made on is not known. If nothing of it runs "
            f"any more: mlflow runs delete --run-id {run_id}"
        )


@contextmanager
def _in_store(uri: str) -> Iterator[None]:
    """Within, ``uri`` is the store."""
    before = os.environ.get("MLFLOW_TRACKING_URI")
    os.environ["MLFLOW_TRACKING_URI"] = uri
    try:
        yield
    finally:
        if before is None:
            del os.environ["MLFLOW_TRACKING_URI"]
        else:
            os.environ["MLFLOW_TRACKING_URI"] = before


def _exists(uri: str) -> bool:
    """Whether there is a store to look into, which looking would make."""
    return not uri.startswith("sqlite:") or Path(make_url(uri).database or "").exists()
