"""What was logged and is still to be sent: a folder for each run and process that logs to it."""

import json
import os
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from glob import glob
from pathlib import Path
from typing import NamedTuple, Self

from filelock import FileLock, Timeout

from seglab.errors import TrackingError
from seglab.tracking.journal import Journal, Record, read_records
from seglab.tracking.process import identity

ABOUT, JOURNAL, CURSOR, LOCK = "about.json", "journal.jsonl", "cursor", "lock"
FILES, REFUSED, IDS = "files", "refused.jsonl", "ids"
RUN_ID = re.compile(r"[\w-]*", re.ASCII)


class About(NamedTuple):
    """Where a session's records go, and who wrote them."""

    run_id: str
    """Id under which the run was started, or resumed."""
    stored_id: str
    """MLflow's id of the run; empty as long as the server does not know the run."""
    uri: str
    """The store, absolute."""
    owns: bool
    """Whether the run ends with this process: a run that is only added to does not."""
    process: str
    """Identity of the process that logged."""


def root() -> Path:
    """SEGLAB_SPOOL, or ``seglab/spool`` among the user's state files."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(os.environ.get("SEGLAB_SPOOL") or Path(state) / "seglab" / "spool").absolute()


class Session:
    """What one process logs to one run.

    It is locked as long as that process lives: the lock of a killed process is free at once.
    """

    def __init__(self, folder: Path, lock: FileLock, about: About) -> None:
        self.folder = folder
        self.about = about
        self._lock = lock
        self._mutex = threading.Lock()
        self._payloads = 0
        self.sent = self._read_cursor()
        self.journal = Journal(folder / JOURNAL)

    @classmethod
    def create(cls, run_id: str, stored_id: str, uri: str, owns: bool) -> Self:
        """An empty session; raises ``TrackingError`` if there is no writing to the spool."""
        folder = root() / run_id / f"{time.time_ns()}-{os.getpid()}"
        with written(folder):
            folder.mkdir(parents=True, mode=0o700)
            (folder / FILES).mkdir()
            lock = FileLock(folder / LOCK)
            lock.acquire(timeout=0)
            about = About(run_id, stored_id, uri, owns, identity())
            session = cls(folder, lock, about)
            session._write(ABOUT, json.dumps(about._asdict()))
        return session

    @classmethod
    def claim(cls, folder: Path) -> Self | None:
        """The session a dead process left in ``folder``; None if that lives."""
        lock = FileLock(folder / LOCK)
        try:
            lock.acquire(timeout=0)
        except (Timeout, FileNotFoundError):
            return None
        about = read_about(folder)
        if about is None:
            lock.release()
            return None
        session = cls(folder, lock, about)
        session.journal.trim(max([session.sent, *(end for _, end in session.pending())]))
        return session

    def know(self, stored_id: str) -> None:
        """Notes MLflow's id of the run."""
        self.about = self.about._replace(stored_id=stored_id)
        self._write(ABOUT, json.dumps(self.about._asdict()))
        if stored_id != self.about.run_id:
            (root() / IDS).mkdir(exist_ok=True)
            (root() / IDS / stored_id).write_text(self.about.run_id, encoding="utf-8")

    def append(self, record: Record) -> None:
        """Adds a record; raises ``TrackingError`` if the disk is full."""
        with self._mutex, written(self.folder / JOURNAL):
            self.journal.append(record)

    def payload(self, fill: Callable[[Path], object]) -> str:
        """Name of a new folder of the session that ``fill`` put files into."""
        with self._mutex:
            self._payloads += 1
            name = f"{time.time_ns()}-{self._payloads}"
        folder = self.folder / FILES / name
        with written(folder):
            folder.mkdir()
            fill(folder)
        return name

    def pending(self) -> Iterator[tuple[Record | None, int]]:
        """Records not sent yet, each with the position at which it ends."""
        return read_records(self.folder / JOURNAL, self.sent)

    def waiting(self) -> int:
        """Number of values not sent yet: metrics, params, tags, pictures, files."""
        return sum(size(record) for record, _ in self.pending() if record)

    def ended(self) -> bool:
        """Whether the records say how the run ended, so that nothing is missing."""
        records = read_records(self.folder / JOURNAL, 0)
        return any(record and record["op"] == "end" for record, _ in records)

    def acknowledge(self, position: int, payloads: list[str]) -> None:
        """Notes that the store has all records up to ``position``."""
        self._write(CURSOR, str(position))
        self.sent = position
        for name in payloads:
            shutil.rmtree(self.folder / FILES / name, ignore_errors=True)

    def refuse(self, record: Record, reason: str) -> None:
        """Keeps a record that the store will never take, beside the others."""
        refused = Journal(self.folder / REFUSED)
        refused.append({**record, "reason": reason})
        refused.close()

    def done(self) -> bool:
        """Whether everything has been sent, or refused."""
        return self.sent >= self.journal.size

    def close(self) -> None:
        """Leaves the session to others, or removes it if nothing is left in it."""
        self.journal.close()
        if self.done() and not (self.folder / REFUSED).exists():
            (self.folder / ABOUT).unlink()
            shutil.rmtree(self.folder, ignore_errors=True)
            with suppress(OSError):
                self.folder.parent.rmdir()
        self._lock.release()

    def _write(self, name: str, text: str) -> None:
        temporary = self.folder / f".{name}"
        with temporary.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())  # else a power cut may leave the new name with nothing in it
        temporary.replace(self.folder / name)

    def _read_cursor(self) -> int:
        try:
            return int((self.folder / CURSOR).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return 0


def session_folders(run_id: str = "*") -> list[Path]:
    """Folders of the sessions of a run, or of all runs, in the order they were begun."""
    # Path.glob fails where a folder vanishes meanwhile.
    found = glob(f"{run_id}/*/{ABOUT}", root_dir=root())  # noqa: PTH207
    folders = [(root() / path).parent for path in found]
    return sorted(folders, key=lambda folder: folder.name)


def read_about(folder: Path) -> About | None:
    """Where the records of a session go; None if its process has just ended and removed it."""
    try:
        return About(**json.loads((folder / ABOUT).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None


def known_as(run_id: str) -> str:
    """The id that a run was started with: another than MLflow's if it was started offline.

    Raises ``TrackingError`` for what is no id, before it becomes part of a path or a pattern.
    """
    if not RUN_ID.fullmatch(run_id):
        raise TrackingError(
            f"{run_id!r} is no id of a run; take the id that the MLflow UI shows: letters, digits, "
            "- and _"
        )
    try:
        return (root() / IDS / run_id).read_text(encoding="utf-8") if run_id else ""
    except OSError:
        return run_id


def size(record: Record) -> int:
    """Number of values in a record; what makes a run, or goes on with it, is none."""
    match record["op"]:
        case "create" | "reopen":
            return 0
        case "batch":
            return sum(len(record.get(kind, ())) for kind in ("metrics", "params", "tags"))
        case _:
            return 1


@contextmanager
def written(path: Path) -> Iterator[None]:
    """Raises ``TrackingError`` if the spool cannot be written within."""
    try:
        yield
    except OSError as fault:
        raise TrackingError(
            f"{fault.filename or path}: cannot be written ({fault.strerror or fault}); what is "
            "logged waits there to be sent: free some space, or set SEGLAB_SPOOL to a folder on "
            "another disk"
        ) from fault
