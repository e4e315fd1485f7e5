"""The engine of a Ray cluster: tasks with GPUs, and objects that live in one place alone."""

import logging
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import ray
from ray.exceptions import GetTimeoutError, RayError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from seglab.errors import ConfigError, LaunchError, SeglabError
from seglab.launching.crew import GLANCE, Crew, Watch, Work, failure
from seglab.reasons import first_line
from seglab.tracking.provenance import PACKAGE, travelling_provenance
from seglab.tracking.store import store_uri

ANSWER = 5.0
"""Seconds that the head of a cluster has to answer."""
STOPPING = 60
"""Seconds that workers have to stop: a step in hand, and a checkpoint."""


def launch_on_ray(address: str, work: Work, items: Sequence[Any], crew: Crew, watch: Watch) -> None:
    """See ``launch``; each item is a task, started again elsewhere if its machine is lost."""
    with connected(address):
        has_gpus = any(node["Resources"].get("GPU") for node in machines_alive())
        gpus = crew.gpus if has_gpus else 0
        expect_room(gpus)
        task = ray.remote(work_on).options(num_cpus=1, num_gpus=gpus, max_retries=crew.retries)
        waiting = list(range(len(items)))[::-1]
        given: dict[Any, int] = {}
        try:
            while (given or waiting) and not watch.enough():
                while waiting and len(given) < crew.workers:
                    index = waiting.pop()
                    given[task.remote(work, items[index])] = index
                done, _ = ray.wait(list(given), timeout=GLANCE)
                for reference in done:
                    index = given.pop(reference)
                    watch.ended(index, result_of(reference, index))
                watch.glance()
        finally:
            stop(list(given))


@contextmanager
def kept_on_ray(address: str, make: Callable[[], Any]) -> Iterator[Callable[..., Any]]:
    """What calls a method, by name, of the object that ``make`` makes in a process of its own.

    That process stays on this machine, and is started again if it dies. What it gives can be
    pickled, and used by every worker.
    """
    with connected(address):
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        keeper: Any = (
            ray.remote(Keeper)
            .options(num_cpus=0, max_restarts=-1, max_task_retries=-1, scheduling_strategy=here)
            .remote(make)
        )
        try:
            yield Call(keeper)
        finally:
            ray.kill(keeper)


@contextmanager
def connected(address: str) -> Iterator[None]:
    """Within, this process belongs to the cluster, which has seglab's code as it is here.

    Raises ``LaunchError`` if there is no cluster, ``ConfigError`` if its machines could not log.
    """
    if ray.is_initialized():
        yield
        return
    environment = {name: value for name, value in os.environ.items() if name.startswith("MLFLOW_")}
    environment |= {"MLFLOW_TRACKING_URI": store_uri(), **travelling_provenance()}
    place = address or os.environ.get("RAY_ADDRESS", "auto")
    try:
        if place != "auto":  # Ray would wait for minutes
            host, _, port = place.rpartition(":")
            socket.create_connection((host, int(port)), ANSWER).close()
        ray.init(
            place,
            runtime_env={"py_modules": [str(PACKAGE)], "env_vars": environment},
            log_to_driver=False,
            logging_level=logging.WARNING,
        )
    except (RayError, OSError, ValueError, RuntimeError) as fault:
        raise LaunchError(
            f"--engine=ray finds no cluster at {address or 'this machine'}: {first_line(fault)}. "
            "Start one with `ray start --head` and join it with `ray start --address=…`, with the "
            "same RAY_AUTH_MODE and token on every machine"
        ) from fault
    try:
        machines = {node["NodeManagerAddress"] for node in machines_alive()}
        if len(machines) > 1 and not store_uri().startswith("http"):
            raise ConfigError(
                f"the cluster has {len(machines)} machines, which cannot all log to "
                f"{store_uri()}: start `mlflow server` and point MLFLOW_TRACKING_URI at it"
            )
        yield
    finally:
        ray.shutdown()


class Keeper:
    """Keeps an object for all."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self.kept = make()

    def call(self, method: str, *arguments: Any, **named: Any) -> Any:
        """Calls a method of what is kept."""
        return getattr(self.kept, method)(*arguments, **named)


class Call:
    """Calls what a keeper keeps, from any process of the cluster; raises what it raises."""

    def __init__(self, keeper: Any) -> None:
        self._keeper = keeper

    def __call__(self, method: str, *arguments: Any, **named: Any) -> Any:
        """What the method gives."""
        try:
            return ray.get(self._keeper.call.remote(method, *arguments, **named))
        except RayTaskError as fault:
            raise fault.cause from None


def work_on(work: Work, item: Any) -> Any:
    """The life of a task."""
    return work(item)


def expect_room(gpus: float) -> None:
    """Raises ``LaunchError`` if no machine can take a worker, which would wait for ever."""
    rooms = [node["Resources"] for node in machines_alive()]
    if not any(room.get("CPU", 0) >= 1 and room.get("GPU", 0) >= gpus for room in rooms):
        raise LaunchError(
            f"no machine of the cluster has a processor and {gpus:g} GPUs for a worker; start Ray "
            "with more, or ask for fewer GPUs a worker"
        )


def machines_alive() -> list[dict[str, Any]]:
    """What Ray knows of each machine of the cluster."""
    return [node for node in ray.nodes() if node["Alive"]]  # type: ignore[no-untyped-call]


def result_of(reference: Any, index: int) -> Any:
    """What a task came to; raises ``LaunchError`` if it failed, or was lost too often."""
    try:
        return ray.get(reference)
    except RayError as fault:
        cause = getattr(fault, "cause", None)
        told = isinstance(cause, SeglabError)
        found = cause or fault
        said = str(found) if told else f"{type(found).__name__}: {first_line(found)}"
        raise failure(index, said, "Ray's logs (/tmp/ray/session_latest/logs)") from fault


def stop(references: list[Any]) -> None:
    """Ends tasks as Ctrl-C would, and waits for them."""
    for reference in references:
        ray.cancel(reference)
    for reference in references:
        try:
            ray.get(reference, timeout=STOPPING)
        except (RayError, GetTimeoutError):
            continue
