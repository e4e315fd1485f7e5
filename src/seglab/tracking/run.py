"""A run being written: params, metrics, pictures, data sets, artifacts and the model."""

import math
import os
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd
from jaxtyping import UInt8
from mlflow import entities
from mlflow.data.pandas_dataset import from_pandas
from mlflow.utils.mlflow_tags import (
    MLFLOW_DATASET_CONTEXT,
    MLFLOW_PARENT_RUN_ID,
    MLFLOW_RUN_NOTE,
)
from mlflow.utils.validation import MAX_PARAM_VAL_LENGTH, MAX_TAG_VAL_LENGTH

from seglab.reasons import storable
from seglab.tracking import lifecycle
from seglab.tracking.opening import end, open_writer, open_writers
from seglab.tracking.provenance import PACKAGE, loaded
from seglab.tracking.signals import dismiss_parent, stop_signals
from seglab.tracking.store import told
from seglab.tracking.writer import Value, Writer, settle_open

NOTHING: Mapping[str, str] = MappingProxyType({})


class Run:
    """One MLflow run, addressed by its id: any number may be open in a process."""

    def __init__(self, writer: Writer, experiment_id: str, resumed: bool = False) -> None:
        self.id = writer.run_id
        self.experiment_id = experiment_id
        self.done = False
        """Whether what several processes do together in this run is complete."""
        self._writer = writer
        self._resumed = resumed

    def params(self, values: Mapping[str, object]) -> None:
        """Logs params; a param that the run has already keeps its value.

        MLflow refuses to change one, and ``mlflow run`` has logged the raw text of its own before.
        """
        texts = {key: as_text(value) for key, value in values.items()}
        self._writer.batch(params=self._fitting(texts, MAX_PARAM_VAL_LENGTH, "params"))

    def rename(self, name: str) -> None:
        """Gives the run another name."""
        self._writer.note("name", name=storable(name))

    def tags(self, values: Mapping[str, object]) -> None:
        """Sets tags."""
        texts = {key: as_text(value) for key, value in values.items()}
        self._writer.batch(tags=self._fitting(texts, MAX_TAG_VAL_LENGTH, "tags"))

    def metrics(self, values: Mapping[str, float], step: int) -> None:
        """Logs metrics of one step, together.

        In a resumed run, what an earlier process logged for this step stays as it is.
        """
        if self._resumed:
            self.history([(step, values)])
        else:
            self._log([Value(key, float(value), step) for key, value in values.items()])

    def history(self, values: Sequence[tuple[int, Mapping[str, float]]]) -> None:
        """Logs metrics of many steps, leaving out what the run has already."""
        self._log(
            [
                Value(key, float(value), step)
                for step, metrics in values
                for key, value in metrics.items()
            ],
            missing=True,
        )

    def image(self, key: str, pixels: UInt8[np.ndarray, "h w 3"], step: int) -> None:
        """Logs a picture; the same key in all runs makes one card with a slider over steps."""
        self._writer.image(re.sub(r"[^\w\-./ ]", "_", key, flags=re.ASCII), pixels, step)

    def artifact(self, path: Path, folder: str = "") -> None:
        """Logs a file into ``folder`` of the run's artifacts."""
        self._writer.file(path, folder)

    def artifacts(self, folder: Path, into: str = "") -> None:
        """Logs all files below ``folder`` into the folder ``into`` of the run's artifacts."""
        self._writer.folder(folder, into)

    def dataset(
        self, frame: pd.DataFrame, name: str, digest: str, context: str, source: str = ""
    ) -> None:
        """Logs a data set as input of the run.

        ``frame`` has one row a picture; MLflow keeps its columns and number of rows. ``digest`` is
        the data set's own, at most 36 characters; ``context`` is what it is used for ("train");
        ``source`` says where it came from.
        """
        with told(f"describing data set {name!r}"), warnings.catch_warnings():
            # MLflow warns of integer columns and of how it reads ``source``: both are meant.
            warnings.simplefilter("ignore", UserWarning)
            described = from_pandas(
                frame, source=storable(source or name), name=storable(name), digest=digest
            )
            dataset = entities.Dataset(**described.to_dict())
        used_as = entities.InputTag(MLFLOW_DATASET_CONTEXT, context)
        self._writer.dataset(entities.DatasetInput(dataset, [used_as]))

    def model(
        self,
        name: str,
        checkpoint: Path,
        loader_module: str,
        takes: str,
        gives: Sequence[str],
        metadata: Mapping[str, object],
        step: int = 0,
        code: Path = PACKAGE,
    ) -> None:
        """Logs a checkpoint as the model ``runs:/<run id>/<name>``, which ``mlflow.pyfunc`` loads.

        The model takes a table with the column ``takes`` and gives one with the columns ``gives``,
        which its signature says; what is in them is up to it. It is loaded by ``loader_module``'s
        ``_load_pyfunc(path)``, from a copy of the package ``code`` that travels with it, zipped.
        ``metadata`` is what ``reader.download_model`` gives back; the run's metrics of ``step``
        become the model's.
        """
        self._writer.model(
            checkpoint,
            code,
            name=name,
            loader_module=loader_module,
            takes=takes,
            gives=list(gives),
            metadata=dict(metadata),
            step=step,
        )

    def _describe(self, tags: Mapping[str, object]) -> None:
        """Tags the run with ``tags``, the code's commit, versions and machine; logs open changes.

        In a resumed run these describe its latest part and are named ``seglab.resumed.*``, beside
        those of its start.
        """
        found, changes = loaded()
        part = ""
        if self._resumed:
            part = "resumed."
            found = {key.replace("seglab.", "seglab.resumed.", 1): v for key, v in found.items()}
        self.tags({**found, **({} if self._resumed else link_back(self.id)), **tags})
        if changes:
            self._writer.text(changes, f"provenance/{part}uncommitted.diff")

    def _log(self, values: Sequence[Value], missing: bool = False) -> None:
        """MLflow would store an infinity as 1.8e308 in silence: it goes in as NaN with a tag."""
        infinite = {
            f"seglab.nonfinite.{value.key}": f"{value.value} at step {value.step}"
            for value in values
            if math.isinf(value.value)
        }
        self._writer.batch(
            metrics=[v._replace(value=math.nan) if math.isinf(v.value) else v for v in values],
            tags=infinite,
            missing=missing,
        )

    def _fitting(self, texts: Mapping[str, str], limit: int, kind: str) -> dict[str, str]:
        """``texts`` with those that MLflow would cut silently put into artifacts instead."""
        fitting = {}
        for key, text in texts.items():
            fitting[key] = text
            if len(text) > limit:
                path = f"{kind}/{re.sub(r'[^a-zA-Z0-9._-]', '_', key)}.txt"
                self._writer.text(text, path)
                fitting[key] = f"{len(text)} characters, in the artifact {path}"
        return fitting


@contextmanager
def start_run(
    name: str,
    params: Mapping[str, object],
    tags: Mapping[str, object] = NOTHING,
    resume: str = "",
    parent: str = "",
    shared: bool = False,
) -> Iterator[Run]:
    """The run a job writes into, which ends with the status that the job earned.

    FINISHED; FAILED after an exception, with its text as tag ``seglab.error``; KILLED after
    Ctrl-C or SIGTERM (exit code 143). The run is the one ``mlflow run`` hands over, or a new one,
    or ``resume``, the id of a run to go on with; the UI shows it below the run ``parent``, if one
    is named. A ``shared`` run to go on with may have other processes at work on it, and ends with
    the last of them. The run ``mlflow run`` made for a call that resumes another keeps that call's
    parameters, says in its name, its description and the tag ``seglab.resumes`` where the results
    are, and ends alike. Raises ``TrackingError`` if the store or the run to resume is not there,
    and for what the store refused. A store that goes away meanwhile stops nothing: what it has not
    got is said at the end, and ``sync`` delivers it. A stop while the end is delivered is
    raised after it; Ctrl-C ends the waiting, too.
    """
    with stop_signals() as stop:
        target, writers = open_writers(storable(name), resume, shared)
        run = Run(writers[0], target.experiment_id, resumed=bool(resume))
        try:
            for wrapper in writers[1:]:
                about = {lifecycle.RESUMES: resume, **link_on(name, target)}
                Run(wrapper, target.experiment_id)._describe(about)
            run.params(params)
            run._describe({**tags, MLFLOW_PARENT_RUN_ID: parent} if parent else tags)
            yield run
            with suppress(KeyboardInterrupt):  # which ends the waiting
                settle_open(must=False)
        except BaseException as fault:
            stop.heeded = True
            how = lifecycle.outcome(fault)._replace(shared=shared, done=run.done)
            end(writers, how, target.project)
            if how.status == "KILLED" and target.project:
                dismiss_parent()
            raise
        stop.heeded = True
        how = lifecycle.outcome(None)._replace(shared=shared, done=run.done)
        end(writers, how, target.project)
        if stop.unraised:
            raise stop.unraised


@contextmanager
def open_run(run_id: str) -> Iterator[Run]:
    """A run that exists, to log into without touching its status and times.

    Raises ``TrackingError`` if there is no such run.
    """
    target, writer = open_writer(run_id)
    try:
        yield Run(writer, target.experiment_id)
        settle_open(must=False)
    finally:
        writer.close()


def link_on(name: str, target: lifecycle.Target) -> dict[str, str]:
    """The description of a run whose call went on in the run ``target``: a link to that one."""
    page = f"#/experiments/{target.experiment_id}/runs/{target.stored_id}"
    said = f"This call went on in the run [{storable(name)}]({page}): its results are there."
    return {MLFLOW_RUN_NOTE: said}


def link_back(run_id: str) -> dict[str, str]:
    """The run's description in MLflow's UI: a link to its page in the dashboard.

    Empty unless SEGLAB_DASHBOARD says where that is.
    """
    address = os.environ.get("SEGLAB_DASHBOARD", "").rstrip("/")
    return {MLFLOW_RUN_NOTE: f"[In the dashboard]({address}/run?run={run_id})"} if address else {}


def as_text(value: object) -> str:
    """A param as it is typed on the command line: sequences joined by commas, true and false."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return storable(",".join(map(str, value)))
    return storable(str(value))
