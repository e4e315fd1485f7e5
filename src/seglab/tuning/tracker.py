"""The tracking server as a study sees it: worth waiting for, as its database is."""

import sys
import time

from seglab.errors import SilentServerError
from seglab.reasons import shown
from seglab.tracking.store import answers, store_uri
from seglab.tuning.storage import LONGEST_PAUSE, OUTAGE, SHORTEST_PAUSE


def await_server() -> None:
    """Returns when the tracking server answers, at once where none is used.

    A run that is open has its spool, but no run begins without the server, which may be away for a
    minute between two trials. Raises ``SilentServerError`` if it does not come back.
    """
    until, pause = time.monotonic() + OUTAGE, SHORTEST_PAUSE
    while not answers(store_uri()):
        named = f"the tracking server {shown(store_uri())} (MLFLOW_TRACKING_URI)"
        if pause == SHORTEST_PAUSE:
            print(f"\nseglab: {named} does not answer; the study waits for it", file=sys.stderr)
        if time.monotonic() > until:
            raise SilentServerError(
                f"{named} has not answered for {OUTAGE // 60} minutes; when it is back, run the "
                "same command again to go on"
            )
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)
