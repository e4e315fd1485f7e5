"""The runs of an experiment as they were a moment ago, read anew in the background."""

import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

import pandas as pd

from seglab.errors import TrackingError
from seglab.tracking.reader import read_runs

FRESH = 10.0
"""Seconds for which runs count as they were read."""
PAUSE = 2.0
"""Seconds before reading anew: whoever asked is about to draw a page, and is not to be slowed."""
OLD = 30.0
"""Seconds after that from which on nobody has looked for long: whoever comes then would see what
is no longer so, and waits for it to be read anew."""
WAIT = 1.0
"""Seconds to wait for that at most: a page is to be there soon, and draws itself anew anyway."""
SHARE = 10
"""Reading takes at most this part of the time: large experiments are read less often."""


class Snapshot(NamedTuple):
    """Runs, and how they were had."""

    runs: pd.DataFrame
    """As of ``reader.read_runs``."""
    version: int
    """Changes when the runs did."""
    read_at: datetime
    fault: str
    """Why the latest attempt to read anew failed; empty if it did not."""


@dataclass
class Watched:
    """An experiment whose runs are asked for again and again, by any number of threads.

    MLflow tells nobody what changed, and reading a thousand runs takes seconds. So ``latest``
    answers with what was read before, and has another thread read anew what is no longer fresh.
    """

    experiment: str
    _snapshot: Snapshot | None = None
    _due: float = 0.0
    _first: threading.Lock = field(default_factory=threading.Lock)
    _reading: threading.Lock = field(default_factory=threading.Lock)

    def latest(self) -> Snapshot:
        """The runs as they were read last; waits only where they never were, or long ago.

        Raises ``TrackingError`` if these cannot be read.
        """
        with self._first:
            if self._snapshot is None:
                self.read()
        assert self._snapshot is not None
        late = time.monotonic() - self._due
        if late > 0 and self._reading.acquire(blocking=False):
            reading = threading.Timer(0 if late > OLD else PAUSE, self._read_anew)
            reading.daemon = True
            reading.start()
            if late > OLD:
                reading.join(WAIT)
        return self._snapshot

    def read(self) -> None:
        """Reads now. Raises ``TrackingError`` as ``reader.read_runs`` does."""
        started = time.monotonic()
        runs = read_runs(self.experiment)
        old = self._snapshot
        changed = old is None or not runs.equals(old.runs)
        version = changed + (old.version if old else 0)
        kept = old.runs if old and not changed else runs
        self._snapshot = Snapshot(kept, version, datetime.now(UTC), fault="")
        ended = time.monotonic()
        self._due = ended + max(FRESH, SHARE * (ended - started))

    def _read_anew(self) -> None:
        try:
            self.read()
        except TrackingError as fault:
            assert self._snapshot is not None
            self._snapshot = self._snapshot._replace(fault=str(fault))
            self._due = time.monotonic() + FRESH
        finally:
            self._reading.release()
