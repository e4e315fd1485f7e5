"""The results table of an experiment whose runs are still coming in."""

from functools import cache
from typing import NamedTuple

from seglab.errors import SeglabError
from seglab.results.table import ResultsTable, results_table
from seglab.tracking.snapshot import Snapshot, Watched


class Standing(NamedTuple):
    """Where an experiment stands."""

    snapshot: Snapshot
    table: ResultsTable | None
    why_none: str
    """What to run for there to be a table; empty if there is one."""


class Live:
    """An experiment's runs and their table, which is made once for each change of the runs."""

    def __init__(self, experiment: str) -> None:
        self._watched = Watched(experiment)
        self._standing: Standing | None = None

    def standing(self) -> Standing:
        """The latest runs with their table; raises ``TrackingError`` where these cannot be read."""
        snapshot, old = self._watched.latest(), self._standing
        if old is not None and old.snapshot.version == snapshot.version:
            return old._replace(snapshot=snapshot)
        try:
            standing = Standing(snapshot, results_table(snapshot.runs), "")
        except SeglabError as nothing:
            standing = Standing(snapshot, None, str(nothing))
        self._standing = standing
        return standing


@cache
def live(store: str, experiment: str) -> Live:
    """The one of this process for an experiment of the store with this URI."""
    return Live(experiment)
