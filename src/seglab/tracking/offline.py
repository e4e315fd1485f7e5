"""Jobs that log without the tracking server; light to import, so that refusing is fast."""

import os

VARIABLE = "SEGLAB_OFFLINE"


def offline() -> bool:
    """Whether jobs are to log without the server: SEGLAB_OFFLINE, which ``--offline`` sets."""
    return os.environ.get(VARIABLE, "") not in ("", "0")


def decided() -> bool:
    """Whether it is said where to log: by the user, or by a job that cannot do without a server."""
    return VARIABLE in os.environ or "MLFLOW_RUN_ID" in os.environ
