"""The engine of a Ray cluster: tasks with GPUs, and objects that live in one place alone."""

import logging
import os
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

# Ray reads these when it is imported: no cluster that strangers can use unless it is asked for, and
# an answer in seconds where the token is another one.
os.environ.setdefault("RAY_AUTH_MODE", "token")
os.environ.setdefault("RAY_NUM_REDIS_GET_RETRIES", "5")

import ray
from ray.exceptions import (
    AuthenticationError,
    GetTimeoutError,
    RayError,
    RayTaskError,
)
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from seglab.errors import ConfigError, LaunchError, SeglabError
from seglab.launching.crew import GLANCE, STOPPING, Crew, Watch, Work, failure
from seglab.launching.tasks import Keeper, work_on
from seglab.reasons import first_line, shown
from seglab.tracking.provenance import PACKAGE, travelling_provenance
from seglab.tracking.store import store_uri

ANSWER = 5.0
"""Seconds that the head of a cluster has to answer."""
ABSENCE = 10.0
"""Seconds without its head after which a cluster is given up."""
HEADLESS = 30
"""Seconds that workers then have to stop: a minute after its head Ray ends them on the spot."""
TRAVELS = ("MLFLOW_", "AWS_")
"""How variables begin that workers are given: where runs and buckets are, and who may use them."""
STAYS = ("MLFLOW_RUN_ID", "AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")
"""Variables of this process alone: the run ``mlflow run`` made for it, and files of its machine."""
GO_ON = (
    "What was done is kept: start Ray again and run the same command, or go on without it by "
    "another --engine"
)


def launch_on_ray(address: str, work: Work, items: Sequence[Any], crew: Crew, watch: Watch) -> None:
    """See ``launch``; each item is a task, started again elsewhere if its machine is lost."""
    with connected(address):
        has_gpus = any(node["Resources"].get("GPU") for node in machines_alive())
        gpus = crew.gpus if has_gpus else 0
        expect_room(gpus)
        task = ray.remote(work_on).options(num_cpus=1, num_gpus=gpus, max_retries=crew.retries)
        head = Head()
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
                head.expect()
                watch.glance()
        finally:
            stop(list(given), HEADLESS if head.lost else STOPPING)


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

    So have its workers MLflow's and Amazon's variables.

    Raises ``LaunchError`` if there is no cluster, ``ConfigError`` if its machines could not log.
    """
    if ray.is_initialized():
        yield
        return
    environment = {n: v for n, v in os.environ.items() if n.startswith(TRAVELS) and n not in STAYS}
    environment |= {"MLFLOW_TRACKING_URI": store_uri(), **travelling_provenance()}
    place = address or os.environ.get("RAY_ADDRESS", "auto")
    try:
        if place != "auto":  # Ray would wait for minutes
            knock(place)
        ray.init(
            place,
            runtime_env={"py_modules": [str(PACKAGE)], "env_vars": environment},
            log_to_driver=False,
            logging_level=logging.WARNING,
        )
    except AuthenticationError as fault:
        raise LaunchError(
            "--engine=ray finds no token of Ray's on this machine: `ray get-auth-token --generate` "
            "on the head writes ~/.ray/auth_token; copy it to every machine, and start Ray again. "
            "Where no stranger can reach the cluster, RAY_AUTH_MODE=disabled does without"
        ) from fault
    except (RayError, OSError, ValueError, RuntimeError) as fault:
        raise LaunchError(
            f"--engine=ray finds no cluster at {address or 'this machine'} that knows this "
            f"machine's token: {first_line(fault)}. Start one with `ray start --head` and join it "
            "with `ray start --address=…`, with the same ~/.ray/auth_token on every machine"
        ) from fault
    try:
        machines = {node["NodeManagerAddress"] for node in machines_alive()}
        if len(machines) > 1 and not store_uri().startswith("http"):
            raise ConfigError(
                f"the cluster has {len(machines)} machines, which cannot all log to "
                f"{shown(store_uri())}: start `mlflow server` and point MLFLOW_TRACKING_URI at it"
            )
        yield
    finally:
        ray.shutdown()


class Call:
    """Calls what a keeper keeps, from any process of the cluster; raises what it raises."""

    def __init__(self, keeper: Any) -> None:
        self._keeper = keeper

    def __call__(self, method: str, *arguments: Any, **named: Any) -> Any:
        """What the method gives."""
        reference = self._keeper.call.remote(method, *arguments, **named)
        head = Head()
        while True:
            try:
                return ray.get(reference, timeout=ANSWER)
            except GetTimeoutError:
                head.expect()
            except RayTaskError as fault:
                raise fault.cause from None
            except RayError as fault:
                raise LaunchError(
                    f"Ray has lost what keeps the study: {first_line(fault)}. {GO_ON}"
                ) from fault


class Head:
    """The head of the cluster, whose death Ray would be silent about, and then end this process."""

    def __init__(self) -> None:
        self.address = ray.get_runtime_context().gcs_address
        self.lost = False
        self._seen = time.monotonic()

    def expect(self) -> None:
        """Raises ``LaunchError`` if nobody has answered for ``ABSENCE`` seconds."""
        try:
            knock(self.address)
            self._seen = time.monotonic()
        except OSError as fault:
            self.lost = time.monotonic() - self._seen > ABSENCE
            if self.lost:
                raise LaunchError(
                    f"the head of the Ray cluster at {self.address} is gone: {fault}. {GO_ON}"
                ) from fault


def knock(address: str) -> None:
    """Raises ``OSError`` unless somebody listens at an address, host:port."""
    host, _, port = address.rpartition(":")
    socket.create_connection((host, int(port)), ANSWER).close()


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
    return [node for node in ray.nodes() if node["Alive"]]


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


def stop(references: list[Any], seconds: float) -> None:
    """Ends tasks as Ctrl-C would, and waits for them."""
    for reference in references:
        # What a task asks the keeper of must get through, for it then leaves its work in order.
        ray.cancel(reference, recursive=False)
    if references:
        ray.wait(references, num_returns=len(references), timeout=seconds)
