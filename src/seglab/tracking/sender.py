"""The thread that delivers what a process logs, while the process goes on."""

import threading
import time
from collections.abc import Sequence

from mlflow import MlflowClient

from seglab.tracking.delivery import deliver
from seglab.tracking.spool import Session
from seglab.tracking.store import answers

GATHER = 1.0
"""Seconds for which values gather before they are sent together."""
SHORTEST_PAUSE, LONGEST_PAUSE = 0.5, 8.0
"""Seconds between attempts while the store does not answer; the shortest while somebody waits."""
PATIENCE = 10.0
"""Seconds without an answer after which nobody waits for the store any longer."""
LONGEST_WAIT = 300.0
"""Seconds that a job's end waits at most, however much there is to send."""


class Sender:
    """Delivers a session in the background, from its first record to ``close``."""

    def __init__(self, session: Session, client: MlflowClient) -> None:
        self.session = session
        self.refusals: list[str] = []
        self.fault = ""
        """Why the last attempt failed; empty after one that did not."""
        self.client = client
        self.answered = time.monotonic()
        """When the store last took something."""
        self._wake, self._hurry, self._closed = (threading.Event() for _ in range(3))
        # A daemon: a process that has to go does not wait for a server that does not answer.
        self._thread = threading.Thread(target=self._work, name="seglab sender", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """There is something to send."""
        self._wake.set()

    def hurry(self, on: bool) -> None:
        """Whether somebody waits, so that values do not gather before they are sent."""
        if on:
            self._hurry.set()
            self._wake.set()
        elif not self._closed.is_set():
            self._hurry.clear()

    def close(self) -> None:
        """Ends the thread; a request under way is left to itself."""
        self._closed.set()
        self._hurry.set()
        self._wake.set()
        self._thread.join(0.5)

    def _work(self) -> None:
        pause = GATHER
        while True:
            self._wake.wait()
            self._hurry.wait(pause)
            if self._closed.is_set():
                return
            self._wake.clear()
            try:
                self.refusals += deliver(self.session, self.client, self._goes_on)
                self.fault, pause = "", GATHER
            except Exception as fault:
                if self._closed.is_set():
                    return
                self.fault, pause = str(fault), min(2 * pause, LONGEST_PAUSE)
                self._wake.set()
                self._closed.wait(SHORTEST_PAUSE)

    def _goes_on(self) -> bool:
        self.answered = time.monotonic()
        return not self._closed.is_set()


def settle(senders: Sequence[Sender], patience: float | None = None) -> bool:
    """Waits until all that was logged is delivered, as long as the store answers.

    False if the store did not answer for ``patience`` seconds (10), or if it took all too long. A
    request that takes longer, such as a large file, is no silence if the server says on another
    connection that it is well.
    """
    begun = heard = time.monotonic()
    patience = PATIENCE if patience is None else patience
    for sender in senders:
        sender.hurry(True)
    try:
        while waiting := [sender for sender in senders if not sender.session.done()]:
            now = time.monotonic()
            heard = max(heard, *(sender.answered for sender in senders))
            if now - heard > patience:
                if any(s.fault or not answers(s.session.about.uri) for s in waiting):
                    return False
                heard = now
            if now - begun > LONGEST_WAIT:
                return False
            time.sleep(0.01)
    finally:
        for sender in senders:
            sender.hurry(False)
    return True
