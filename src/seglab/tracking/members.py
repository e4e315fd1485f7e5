"""The processes at work on a run: the one that writes it, or several that share it."""

import zlib
from collections.abc import Iterable, Mapping

from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.exceptions import MlflowException

from seglab.tracking.process import PROCESS, is_alive, is_dead

# Each process that joins has a tag of its own, for to change one of all they would take turns.
JOINED = f"{PROCESS}."
"""How the tags begin that name the processes which joined a run."""


def members(tags: Mapping[str, str]) -> dict[str, str]:
    """The processes at work on a run with these tags, by tag."""
    return {k: v for k, v in tags.items() if k == PROCESS or k.startswith(JOINED)}


def is_shared(tags: Mapping[str, str]) -> bool:
    """Whether any process joined a run with these tags."""
    return any(key.startswith(JOINED) for key in tags)


def all_dead(tags: Mapping[str, str]) -> bool:
    """Whether a run's processes are gone for sure; False where it names none."""
    found = members(tags).values()
    return bool(found) and all(map(is_dead, found))


def join(client: MlflowClient, run: Run, process: str) -> None:
    """Notes that ``process`` is at work on a run, too, which is RUNNING then."""
    run_id = run.info.run_id
    ended = run.info.status != "RUNNING"
    # Of those that joined none is forgotten alive: `mlflow run` ends the run it made with its own.
    gone = [k for k, v in members(run.data.tags).items() if is_dead(v) or (ended and k == PROCESS)]
    forget(client, run_id, gone)
    client.set_tag(run_id, f"{JOINED}{zlib.crc32(process.encode()):08x}", process)
    client.update_run(run_id, status="RUNNING")  # the last of the others may just have ended it


def leave(client: MlflowClient, run: Run, process: str, done: bool) -> bool:
    """Whether a shared run ends, now that ``process`` is not at work on it any more.

    It does when nobody else is. Of the processes of other machines nobody can tell: they count as
    at work until what all do together is ``done``.
    """
    run_id = run.info.run_id
    forget(client, run_id, [k for k, v in members(run.data.tags).items() if v == process])
    # Read after that: of two that leave at once, one at least sees nobody.
    others = [v for v in members(client.get_run(run_id).data.tags).values() if v != process]
    return not any(is_alive(other) if done else not is_dead(other) for other in others)


def forget(client: MlflowClient, run_id: str, keys: Iterable[str]) -> None:
    """Deletes tags of a run, wherever they are still there."""
    for key in keys:
        try:
            client.delete_tag(run_id, key)
        except MlflowException as fault:  # another one may have been quicker
            if fault.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
