"""Runs below another one, and runs whose process is gone."""

from typing import NamedTuple

from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from seglab.tracking.lifecycle import ERROR, find_run
from seglab.tracking.spool import known_as
from seglab.tracking.store import connect, told
from seglab.tracking.sync import deliver_run


class Child(NamedTuple):
    """A run below another one."""

    id: str
    status: str
    tags: dict[str, str]


def children(run_id: str) -> list[Child]:
    """The runs below ``run_id``."""
    client = connect()
    experiment = find_run(client, run_id).info.experiment_id
    found: list[Child] = []
    token = None
    with told(f"looking for the runs below {run_id}"):
        while token != "":
            page = client.search_runs(
                [experiment], f"tags.`{MLFLOW_PARENT_RUN_ID}` = '{run_id}'", page_token=token
            )
            found += [Child(r.info.run_id, r.info.status, r.data.tags) for r in page]
            token = page.token or ""
    return found


def kill_run(run_id: str, reason: str) -> None:
    """Ends a run whose process cannot: KILLED, if it is RUNNING, with ``reason`` as its error.

    What that process had noted on this machine, but not sent, is delivered before.
    """
    client = connect()
    deliver_run(client, known_as(run_id))
    if find_run(client, run_id).info.status == "RUNNING":
        with told(f"ending run {run_id}"):
            client.set_tag(run_id, ERROR, reason)
            client.set_terminated(run_id, "KILLED")
