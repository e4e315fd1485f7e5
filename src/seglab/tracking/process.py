"""This process as others may look for it: alive, dead, or beyond what they can see."""

import os
import platform
import zlib
from contextlib import suppress
from pathlib import Path

import psutil

PROCESS = "seglab.process"
"""Tag of a run: the process that writes it."""


def this_host() -> str:
    """Name of this machine."""
    return platform.node()


def identity(pid: int | None = None) -> str:
    """A process (this one) in five words: host, machine, boot, process id, start.

    "Machine" tells machines of one name apart, and containers, which count processes on their own.
    "Start" counts from the boot where there is /proc, for the clock may be set meanwhile.
    """
    pid = pid or os.getpid()
    machine = zlib.crc32(f"{_read('/etc/machine-id')} {_namespace()}".encode())
    boot = _read("/proc/sys/kernel/random/boot_id") or "boot"
    return f"{this_host()} {machine:08x} {boot} {pid} {_started(pid)}"


def is_dead(name: str) -> bool:
    """Whether the process of an ``identity`` is gone; False if only another machine can tell."""
    return _lives(name) is False


def is_alive(name: str) -> bool:
    """Whether the process of an ``identity`` is at work; False if only another machine can tell."""
    return _lives(name) is True


def is_mlflow_run(process: psutil.Process) -> bool:
    """Whether a process is ``mlflow run``."""
    command = process.cmdline()
    return "run" in command and any(word.endswith("mlflow") for word in command)


def handed_here() -> set[str] | None:
    """The runs that processes of this machine were handed by ``mlflow run``, in MLFLOW_RUN_ID.

    None if any run may be one of them: while ``mlflow run`` makes an environment, it has no child
    that says which run it made.
    """
    handed: set[str] = set()
    makers: set[int] = set()
    parents: set[int] = set()
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if is_mlflow_run(process):
                makers.add(process.pid)
            if run_id := process.environ().get("MLFLOW_RUN_ID"):
                handed.add(run_id)
                parents.add(process.ppid())
    return handed if makers <= parents else None


def _lives(name: str) -> bool | None:
    """Whether the process of an ``identity`` lives; None if only another machine can tell."""
    words = name.split()
    if len(words) != 5 or words[:2] != identity().split()[:2]:
        return None
    try:
        return identity(int(words[3])) == name
    except psutil.NoSuchProcess:
        return False


def _started(pid: int) -> str:
    process = psutil.Process(pid)
    stat = _read(f"/proc/{pid}/stat")
    # The name, in parentheses, may hold spaces; the start is the 20th word after it (proc(5)).
    return stat.rpartition(")")[2].split()[19] if stat else f"{process.create_time():.0f}"


def _namespace() -> str:
    namespace = Path("/proc/self/ns/pid")
    return str(namespace.readlink()) if namespace.is_symlink() else ""


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError:
        return ""
