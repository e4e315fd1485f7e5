"""A study's database as the processes see it that reach it through the one process that keeps it.

They need neither its address nor its password.
"""

import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from functools import partialmethod
from typing import Any

import optuna
from optuna.storages import BaseStorage
from optuna.storages._heartbeat import BaseHeartbeat
from optuna.trial import FrozenTrial

from seglab.tuning.storage import Turn, open_storage

LEASE = 60.0
"""Seconds after which a turn is taken from a process, which must have died with it."""
ASKING = 0.05
"""Seconds between two requests for a turn."""
Call = Callable[..., Any]
"""Calls a method, by name, of a ``Kept``."""


class Kept:
    """What one process keeps for all: the study's database, and whose turn it is."""

    def __init__(self, url: str, heartbeat: int) -> None:
        self._stack = ExitStack()
        storage = self._stack.enter_context(open_storage(url, heartbeat, lambda *stale: None))
        self._storage = optuna.storages.get_storage(storage)
        self._holder, self._until = "", 0.0

    def __getattr__(self, method: str) -> Any:
        return getattr(self._storage, method)

    def take_turn(self, who: str) -> bool:
        """Whether it is ``who``'s turn now."""
        if self._holder and self._holder != who and time.monotonic() < self._until:
            return False
        self._holder, self._until = who, time.monotonic() + LEASE
        return True

    def leave_turn(self, who: str) -> None:
        """Ends ``who``'s turn, if it still is."""
        if self._holder == who:
            self._holder = ""


class RemoteTurn:
    """The turn that a ``Kept`` gives."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._who = uuid.uuid4().hex

    def __enter__(self) -> None:
        try:
            while not self._call("take_turn", self._who):
                time.sleep(ASKING)
        except KeyboardInterrupt:  # after which the answer may still be yes
            self.release()
            raise

    def release(self) -> None:
        """See ``Turn``."""
        self._call("leave_turn", self._who)

    def __exit__(self, *fault: Any) -> None:
        self.release()


class _Forwarding:
    """Every method of an Optuna storage, carried out where the database is."""

    def __init__(self, call: Call, on_stale: Callable[[optuna.Study, FrozenTrial], None]) -> None:
        self._call = call
        self._on_stale = on_stale

    def _forward(self, name: str, *arguments: Any, **named: Any) -> Any:
        return self._call(name, *arguments, **named)

    def get_heartbeat_stale_trial_callback(self) -> Callable[[optuna.Study, FrozenTrial], None]:
        """What is done about a dead trial, by the process that finds it."""
        return self._on_stale

    def turn(self, name: str) -> Turn:
        """The turn of those at work on the study."""
        return RemoteTurn(self._call)


_FORWARDED = BaseStorage.__abstractmethods__ | BaseHeartbeat.__abstractmethods__
RemoteStorage: Any = type(
    "RemoteStorage",
    (_Forwarding, BaseStorage, BaseHeartbeat),
    {
        name: partialmethod(_Forwarding._forward, name)
        for name in sorted(_FORWARDED - set(vars(_Forwarding)))
    },
)
"""A storage like any other to Optuna."""
