"""Commands for the PATH of a shell, whose programs are forked from a process that has imports.

``python -m module words…`` and ``mlflow words…`` are clients of a few lines here: they hand their
words, folder, environment and streams to a process that waits for such, and end as the program did
that it forked for them. All else that a shell makes of a command stays as it is.
"""

import json
import multiprocessing
import shutil
import socket
import sys
import tempfile
from pathlib import Path

import pytest

from tests.preloaded import begin, fork, run_module

HERE = multiprocessing.get_context("fork")
LONGEST = 1 << 17
"""Bytes that a command and its environment may have."""
CLIENT = """#!{python} -IS
import json, os, socket, sys
words = {words} + sys.argv[1 + (sys.argv[1:2] == ["-u"]):]
if words[:1] != ["-m"]:
    os.execv({python!r}, [{python!r}, *words])
with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as door:
    door.connect({door!r})
    given = json.dumps([dict(os.environ), os.getcwd(), words[1:]])
    socket.send_fds(door, [given.encode()], [0, 1, 2])
    code = json.loads(door.recv(9))
if code < 0:
    os.kill(os.getpid(), -code)
sys.exit(code)
"""


@pytest.fixture(scope="session")
def preloaded_path():
    """The folder of the commands."""
    folder = Path(tempfile.mkdtemp(prefix="path"))  # pytest's own are too long for a socket
    door = str(folder / "door")
    for name, words in {"python": [], "mlflow": ["-m", "mlflow"]}.items():
        client = folder / name
        client.write_text(CLIENT.format(python=sys.executable, words=words, door=door))
        client.chmod(0o755)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listening:
        listening.bind(door)
        listening.listen()
        process = fork(serve, listening)
        process.start()
    yield folder
    process.kill()
    process.join()
    shutil.rmtree(folder)


def serve(listening):
    """Forks a program for each client."""
    while True:
        client, _ = listening.accept()
        HERE.Process(target=attend, args=[client]).start()
        client.close()


def attend(client):
    """Runs a client's program and tells it the exit code."""
    given, streams, _, _ = socket.recv_fds(client, LONGEST, 3)
    environment, folder, (module, *words) = json.loads(given)
    started = (module, words, folder, streams)
    program = HERE.Process(target=begin, args=[environment, run_module, started])
    program.start()
    program.join()
    client.send(json.dumps(program.exitcode).encode())
