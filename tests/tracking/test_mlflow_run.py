"""The status in the store after a real `mlflow run`, however it ended."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import Param, RunTag

from seglab.tracking.lifecycle import ERROR
from seglab.tracking.reader import unquoted
from tests.mlflow_server import copy_database

SRC = Path(__file__).parents[2] / "src"
PROGRAMS = Path(sys.executable).parent
PROJECT = """
name: tiny
entry_points:
  main:
    parameters:
      behaviour: {type: string, default: end}
      resume: {type: string, default: ""}
    command: "python -m job {behaviour} {resume}"
"""
JOB = """
import sys
import time
from pathlib import Path

import seglab.data.unswept
from seglab.tracking.run import start_run

behaviour, resume = sys.argv[1:]
with start_run("tiny job", params={"behaviour": behaviour}, resume=resume) as run:
    Path("started", behaviour).write_text(run.id)
    if behaviour == "fail":
        raise ValueError("no such picture")
    if behaviour.startswith("wait"):
        time.sleep(60)
"""

Stop = Callable[["subprocess.Popen[bytes]"], None]


def to_group(number: signal.Signals) -> Stop:
    """What a terminal (Ctrl-C) or a batch system does: all processes get the signal."""
    return lambda parent: os.killpg(parent.pid, number)


def to_parent(number: signal.Signals) -> Stop:
    """What `docker stop` or `timeout` does: only `mlflow run` gets the signal."""
    return lambda parent: parent.send_signal(number)


def nothing(parent: "subprocess.Popen[bytes]") -> None:
    """The job is left to itself."""


CASES: dict[str, tuple[Stop, str]] = {
    "end": (nothing, "FINISHED"),
    "fail": (nothing, "FAILED"),
    "wait for ctrl-c": (to_group(signal.SIGINT), "KILLED"),
    "wait for sigterm to all": (to_group(signal.SIGTERM), "KILLED"),
    "wait for sigterm to the parent": (to_parent(signal.SIGTERM), "KILLED"),
}
ERRORS = {"fail": "ValueError: no such picture", "wait for ctrl-c": "interrupted (SIGINT)"}


class Project:
    """A project whose job ends as it is told, and its store."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.client = MlflowClient(f"sqlite:///{folder}/mlflow.db")
        (folder / "started").mkdir()
        (folder / "MLproject").write_text(PROJECT)
        (folder / "job.py").write_text(JOB)

    def start(
        self, behaviour: str, resume: str = "", first: Path = PROGRAMS
    ) -> "subprocess.Popen[bytes]":
        """`mlflow run` in a process group of its own, as a shell starts it.

        ``first`` is the folder of its programs.
        """
        clean = {name: text for name, text in os.environ.items() if not name.startswith("MLFLOW_")}
        command = [str(first / "mlflow"), "run", ".", "--env-manager", "local"]
        command += ["-P", f"behaviour={behaviour}", "-P", f"resume={resume}"]
        with (self.folder / f"{behaviour}.log").open("wb") as log:
            return subprocess.Popen(
                command,
                cwd=self.folder,
                env=clean
                | {
                    "PATH": os.pathsep.join([str(first), str(PROGRAMS), os.environ["PATH"]]),
                    "PYTHONPATH": str(SRC),
                    "MLFLOW_TRACKING_URI": f"sqlite:///{self.folder}/mlflow.db",
                    "MLFLOW_DISABLE_TELEMETRY": "true",
                },
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def started(self, behaviour: str) -> str:
        """Run id of a job, once the job runs."""
        path = self.folder / "started" / behaviour
        wait_until(lambda: path.exists() and path.read_text() != "", f"{behaviour} did not start")
        return path.read_text()

    def status(self, run_id: str) -> str:
        """Status of a run in the store."""
        return str(self.client.get_run(run_id).info.status)


def wait_until(true: Callable[[], bool], message: str, patience: float = 180) -> None:
    until = time.monotonic() + patience
    while not true():
        assert time.monotonic() < until, message
        time.sleep(0.05)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> Project:
    folder = tmp_path_factory.mktemp("project with spaces")
    copy_database(empty_database, folder / "mlflow.db", f"{folder}/mlruns")
    return Project(folder)


@pytest.fixture(scope="module")
def stopped(project: Project, preloaded_path: Path) -> Iterator[dict[str, str]]:
    """Run ids of jobs that were started together and each stopped in its own way.

    Those that get a signal start from nothing, for it is to reach the very processes.

    "end" goes on in a run that failed before, so its id is that of an older run.
    """
    older = str(project.client.create_run("0", run_name="tiny job").info.run_id)
    project.client.log_batch(
        older, params=[Param("behaviour", "end"), Param("resume", "")], tags=[RunTag(ERROR, "old")]
    )
    project.client.set_terminated(older, "FAILED")
    parents = {
        case: project.start(
            case,
            older if case == "end" else "",
            PROGRAMS if stop is not nothing else preloaded_path,
        )
        for case, (stop, _) in CASES.items()
    }
    try:
        ids = {case: project.started(case) for case in CASES}
        for case, (stop, _) in CASES.items():
            stop(parents[case])
        for parent in parents.values():
            parent.wait(60)
        yield ids
    finally:
        for parent in parents.values():
            with suppress(ProcessLookupError):
                os.killpg(parent.pid, signal.SIGKILL)
            parent.wait()


@pytest.mark.parametrize("case", CASES)
def test_the_status_is_right(project: Project, stopped: dict[str, str], case: str) -> None:
    run_id = stopped[case]
    wait_until(lambda: project.status(run_id) != "RUNNING", f"{case}: stays RUNNING")
    stored = project.client.get_run(run_id)
    assert stored.info.status == CASES[case][1]
    assert stored.info.run_name == "tiny job"
    assert stored.data.tags.get(ERROR) == ERRORS.get(case, stored.data.tags.get(ERROR))
    assert unquoted(stored.data.params["behaviour"]) == case


def test_nothing_but_mlflow_run_itself_speaks(project: Project, stopped: dict[str, str]) -> None:
    said = (project.folder / "end.log").read_text().splitlines()
    assert [line for line in said if "INFO mlflow.projects" not in line] == []


def test_the_run_made_for_a_call_that_resumes_ends_too(
    project: Project, stopped: dict[str, str]
) -> None:
    resumed = stopped["end"]
    assert ERROR not in project.client.get_run(resumed).data.tags
    (wrapper,) = project.client.search_runs(["0"], f"tags.seglab.resumes = '{resumed}'")
    assert wrapper.info.status == "FINISHED"
    assert wrapper.info.run_id != resumed
    assert wrapper.info.run_name == "resumes tiny job"
    page = f"#/experiments/{wrapper.info.experiment_id}/runs/{resumed}"
    assert f"[tiny job]({page})" in wrapper.data.tags["mlflow.note.content"]
