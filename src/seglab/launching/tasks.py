"""What runs in a process of a Ray cluster; apart, as that need not import what launches it."""

from collections.abc import Callable
from typing import Any

from seglab.launching.crew import Work


def work_on(work: Work, item: Any) -> Any:
    """The life of a task."""
    return work(item)


class Keeper:
    """Keeps an object for all."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self.kept = make()

    def call(self, method: str, *arguments: Any, **named: Any) -> Any:
        """Calls a method of what is kept."""
        return getattr(self.kept, method)(*arguments, **named)
