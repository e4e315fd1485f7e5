"""This process as others may look for it: alive, dead, or beyond what they can see."""

import os
import platform
import zlib
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
    words = name.split()
    if len(words) != 5 or words[:2] != identity().split()[:2]:
        return False
    try:
        return identity(int(words[3])) != name
    except psutil.NoSuchProcess:
        return True


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
