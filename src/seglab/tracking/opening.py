"""The run a job writes into, opened in the store or offline, and its end."""

import logging
import os
import sys
import uuid
from collections.abc import Sequence

from mlflow import MlflowClient

from seglab.errors import SilentServerError, TrackingError
from seglab.tracking import lifecycle
from seglab.tracking.lifecycle import Outcome, Target
from seglab.tracking.offline import decided, offline
from seglab.tracking.process import identity
from seglab.tracking.sender import Sender
from seglab.tracking.spool import Session, known_as
from seglab.tracking.store import connect, store_uri, told
from seglab.tracking.sync import deliver_run
from seglab.tracking.writer import Writer

STOPPED_PATIENCE = 3.0
"""Seconds that a stopped job waits for a store that does not answer."""
TRACKER = logging.getLogger(__name__)


def open_writers(name: str, resume: str, shared: bool = False) -> tuple[Target, list[Writer]]:
    """The run to write into, its writer, and that of the wrapper if there is one.

    A ``shared`` run to resume may have other processes at work on it. Offline the run has an id of
    ours until it is delivered; under ``mlflow run``, which needs the server itself, there is no
    such thing.
    """
    if offline() and "MLFLOW_RUN_ID" not in os.environ:
        run_id = known_as(resume) or uuid.uuid4().hex
        writer = _writer(run_id, "", None)
        if resume:
            writer.note("reopen", process=identity())
        else:
            writer.note("create", **lifecycle.born_offline(name, run_id))
        return Target(run_id, "", ""), [writer]
    try:
        client = connect()
    except SilentServerError as fault:
        if decided():
            raise
        raise TrackingError(
            f"{fault}, or add --offline (SEGLAB_OFFLINE=1) to log now and deliver later"
        ) from fault
    if resume:
        deliver_run(client, known_as(resume))
    target = lifecycle.open_target(client, name, resume, shared)
    os.environ.pop("MLFLOW_RUN_ID", None)  # it is opened once a process
    writers = []
    try:
        writers.append(_writer(target.run_id, target.stored_id, client))
        if target.wrapper:
            writers.append(_writer(target.wrapper, target.wrapper, client))
    except TrackingError as fault:
        for run_id in filter(None, (target.stored_id, target.wrapper)):
            end_now(client, run_id, lifecycle.outcome(fault), identity())
        raise
    return target, writers


def open_writer(run_id: str) -> tuple[Target, Writer]:
    """A run that exists, and a writer that does not end it."""
    client = connect()
    deliver_run(client, known_as(run_id))
    target = lifecycle.target(lifecycle.find_run(client, run_id))
    return target, _writer(target.run_id, target.stored_id, client, owns=False)


def end(writers: Sequence[Writer], how: Outcome, project: bool) -> None:
    """Ends the runs, and says what of them waits to be delivered.

    Also what that means for ``mlflow run``, in a ``project``: it has no patience, but a traceback.
    """
    for writer in writers:
        try:
            writer.end(how)
        except TrackingError as second:
            # What stopped the job matters more than that the end could not be noted.
            TRACKER.warning("%s", second)
            if writer.sender:
                about = writer.session.about
                end_now(writer.sender.client, about.stored_id, how, about.process)
    stopped = how.status == "KILLED"
    waiting = sum(writer.close(STOPPED_PATIENCE if stopped else None) for writer in writers)
    if waiting and project and not stopped:
        print(
            "  `mlflow run` will try for minutes to tell the server the end of its run as well; if "
            "it cannot, it ends\n  with a traceback and exit code 1, by which nothing is lost",
            file=sys.stderr,
        )


def _writer(run_id: str, stored_id: str, client: MlflowClient | None, owns: bool = True) -> Writer:
    """A writer into a session of its own, delivered by ``client`` if there is one."""
    session = Session.create(run_id, stored_id, store_uri(), owns)
    return Writer(session, Sender(session, client) if client else None)


def end_now(client: MlflowClient, run_id: str, how: Outcome, process: str = "") -> None:
    """Ends a run past the spool, unless another process than ``process`` went on with it.

    That it could not be ended is only told, for what the run ends for matters more.
    """
    try:
        with told(f"ending run {run_id} as {how.status}"):
            lifecycle.end(client, run_id, how, lifecycle.now(), process)
    except TrackingError as fault:
        TRACKER.warning("%s", fault)
