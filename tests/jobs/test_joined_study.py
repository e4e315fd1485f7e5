"""One study worked on by several commands of one machine, some of which are stopped or killed."""

import signal
import time

import pytest
from studies import LONG, PATIENCE, SMALL, check_whole, load_study, prepared

from seglab.tuning.study import RUN

STUDY = {"study": "shared", **SMALL | LONG, "trials": 3}
"""So that one is left for whoever comes, while the others are at theirs."""


@pytest.fixture(scope="module")
def space(tmp_path_factory, empty_database):
    return prepared(tmp_path_factory.mktemp("joined"), empty_database)


def at_work(space, process):
    """Returns when a command is at work on a trial."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        assert process.poll() is None, process.communicate()
        time.sleep(0.3)
        if (space.data_dir / "studies" / "shared").exists():  # made after the database's tables
            for trial in load_study(space, "shared").trials:
                mine = trial.user_attrs.get("seglab.worker", "").endswith(f":{process.pid}")
                if mine and trial.state.name == "RUNNING" and RUN in trial.user_attrs:
                    return
    raise AssertionError("it began no trial")


def status(space):
    return space.client.get_run(load_study(space, "shared").user_attrs[RUN]).info.status


def test_it_goes_on_until_the_last_command_completes_it(space):
    """The first is stopped, the third is killed, and the second carries out the trials of all."""
    first = space.start("tune", **STUDY)
    at_work(space, first)
    second = space.start("tune", **STUDY)
    at_work(space, second)
    first.send_signal(signal.SIGINT)
    first.communicate()
    assert first.returncode == 130
    assert status(space) == "RUNNING"

    third = space.start("tune", **STUDY)
    at_work(space, third)
    third.send_signal(signal.SIGKILL)
    third.communicate()
    assert second.poll() is None
    assert status(space) == "RUNNING"

    _, errors = second.communicate()
    assert second.returncode == 0, errors
    check_whole(space, "shared", trials=STUDY["trials"], epochs=LONG["epochs"])
