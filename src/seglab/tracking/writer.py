"""What is logged to one run: into the spool at once, and from there to the store."""

import logging
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8
from mlflow.entities import DatasetInput
from mlflow.store.artifact.artifact_repo import verify_artifact_path

from seglab.errors import TrackingError, counted
from seglab.tracking.journal import Record
from seglab.tracking.lifecycle import Outcome, end_record, now
from seglab.tracking.model import keep_model, requirements
from seglab.tracking.sender import Sender, settle
from seglab.tracking.spool import Session
from seglab.tracking.store import told

TRACKER = logging.getLogger(__name__)


class Value(NamedTuple):
    """One value of one metric."""

    key: str
    value: float
    step: int


class Writer:
    """Keeps what is logged in a session of the spool, as it is when it is logged, and returns.

    A sender, if there is one, delivers it in the order of the calls. What the store refuses is
    raised as ``TrackingError`` by a later call.
    """

    def __init__(self, session: Session, sender: Sender | None) -> None:
        self.session = session
        self.sender = sender
        self.run_id = session.about.run_id
        OPEN.append(self)

    def batch(
        self,
        metrics: Sequence[Value] = (),
        params: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
        missing: bool = False,
    ) -> None:
        """Logs metrics, params and tags together; params that the run has keep their value.

        With ``missing``, metrics of steps that the store has already are left out.
        """
        found = {"metrics": metrics, "params": params, "tags": tags, "missing": missing}
        self.note("batch", **{key: value for key, value in found.items() if value})

    def dataset(self, dataset: DatasetInput) -> None:
        """Logs a data set as input of the run."""
        tags = {tag.key: tag.value for tag in dataset.tags}
        self.note("dataset", dataset=dict(dataset.dataset), tags=tags)

    def image(self, key: str, pixels: UInt8[np.ndarray, "h w 3"], step: int) -> None:
        """Logs a picture that the UI shows as a card with a slider over steps."""
        payload = self._keep(key, lambda folder: np.save(folder / "pixels.npy", pixels))
        self.note("image", payload=payload, key=key, step=step)

    def text(self, text: str, path: str) -> None:
        """Logs a text as the artifact ``path``."""
        folder, _, name = path.rpartition("/")
        self._files(path, lambda kept: (kept / name).write_text(text, encoding="utf-8"), folder)

    def file(self, path: Path, folder: str) -> None:
        """Logs a file into ``folder`` of the run's artifacts."""
        self._files(path, lambda kept: shutil.copy(path, kept), folder)

    def folder(self, path: Path, into: str) -> None:
        """Logs all files below ``path`` into the folder ``into`` of the run's artifacts."""
        self._files(path, lambda kept: shutil.copytree(path, kept, dirs_exist_ok=True), into)

    def model(self, checkpoint: Path, code: Path, **described: object) -> None:
        """Logs a checkpoint as a model, ``described`` as ``Run.model`` is told."""
        payload = self._keep(checkpoint, lambda kept: keep_model(kept, checkpoint, code))
        self.note(
            "model",
            payload=payload,
            checkpoint=checkpoint.name,
            requirements=requirements(),
            **described,
        )

    def note(self, op: str, **fields: object) -> None:
        """Adds a record; raises what the store refused meanwhile."""
        self.raise_refusal()
        self._append({"op": op, "at": now(), **fields})

    def end(self, how: Outcome) -> None:
        """Notes how the run ended, which nothing can follow."""
        self._append(end_record(how))

    def raise_refusal(self) -> None:
        """Raises why the store refused a record, if it did, once."""
        if self.sender and self.sender.refusals:
            reason, self.sender.refusals = self.sender.refusals[0], []
            raise TrackingError(reason)

    def close(self, patience: float | None = None) -> int:
        """Delivers what waits if the store answers, says what waits otherwise, and ends.

        Returns how many values wait.
        """
        OPEN.remove(self)
        reason = "offline"
        if self.sender:
            with suppress(KeyboardInterrupt):  # which ends the waiting
                settle([self.sender], patience)
            self.sender.close()
            for refusal in self.sender.refusals:
                TRACKER.warning("%s", refusal)
            reason = self.sender.fault or "the server takes long"
        if waiting := self.session.waiting():
            print(
                f"\nseglab: run {self.run_id}: {counted(waiting, 'value')} waiting, "
                f"`python -m seglab sync` delivers {'them' if waiting > 1 else 'it'}\n"
                f"  why: {reason}",
                file=sys.stderr,
            )
        self.session.close()
        return waiting

    def _append(self, record: Record) -> None:
        self.session.append(record)
        if self.sender:
            self.sender.wake()

    def _files(self, what: object, fill: Callable[[Path], object], into: str) -> None:
        with told(f"logging {what} to run {self.run_id}"):
            verify_artifact_path(into or None)  # type: ignore[no-untyped-call]
        self.note("files", payload=self._keep(what, fill), into=into)

    def _keep(self, what: object, fill: Callable[[Path], object]) -> str:
        def kept(folder: Path) -> None:
            try:
                fill(folder)
            except (FileNotFoundError, shutil.Error) as fault:
                raise TrackingError(f"logging {what} to run {self.run_id}: {fault}") from fault

        return self.session.payload(kept)


OPEN: list[Writer] = []
"""What this process is writing to."""


def settle_open(must: bool = True) -> None:
    """Delivers what this process has logged, as before it is read back.

    Raises ``TrackingError`` for what the store refused, and, if it ``must`` be delivered, if the
    store does not answer.
    """
    senders = [writer.sender for writer in OPEN if writer.sender]
    settled = settle(senders)
    for writer in OPEN:
        writer.raise_refusal()
        if must and (not settled or not writer.sender) and (waiting := writer.session.waiting()):
            fault = writer.sender.fault if writer.sender else "offline"
            raise TrackingError(
                f"what was logged to run {writer.run_id} cannot be read back: "
                f"{counted(waiting, 'value')} still to be sent ({fault}). When the store is there, "
                "run `python -m seglab sync`, and the step again"
            )
