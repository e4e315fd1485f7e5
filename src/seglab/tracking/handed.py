"""The run that ``mlflow run`` made for this process, until a job opens it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from seglab.tracking import lifecycle
from seglab.tracking.opening import end_now
from seglab.tracking.process import PROCESS, identity
from seglab.tracking.signals import dismiss_parent, stop_signals
from seglab.tracking.store import connect, told


@contextmanager
def taken(run_id: str) -> Iterator[None]:
    """Within, the run ``run_id`` is this process's, whose end it does not outlive.

    Data, maps and flags are checked before a job opens its run. What is refused or stopped
    meanwhile ends the run with the reason; killed, it leaves a run that ``sync`` knows to be dead.
    """
    client, process = connect(), identity()
    run = lifecycle.handed_over(client, run_id)
    with told("taking over a run"):
        client.set_tag(run_id, PROCESS, process)
    with stop_signals() as stop:
        try:
            yield
        except BaseException as fault:
            stop.heeded = True
            how = lifecycle.outcome(fault)
            opened = os.environ.get("MLFLOW_RUN_ID") != run_id
            if not opened and how.status != "FINISHED" and run.info.status == "RUNNING":
                end_now(client, run_id, how, process)
                if how.status == "KILLED" and lifecycle.is_project(run):
                    dismiss_parent()
            raise
