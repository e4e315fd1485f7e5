"""Records into the store, each exactly once, however often they have to be sent."""

import logging
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag
from mlflow.exceptions import MlflowException
from mlflow.tracking.multimedia import compress_image_size
from mlflow.utils.mlflow_tags import MLFLOW_LOGGED_IMAGES
from PIL import Image

from seglab.errors import TrackingError
from seglab.tracking import lifecycle
from seglab.tracking.journal import Record
from seglab.tracking.model import log_model
from seglab.tracking.spool import FILES, Session
from seglab.tracking.store import told, unrepeated

LIMITS = {"metrics": 800, "params": 100, "tags": 100}
"""What MLflow takes in one request, which is 1000 in all."""
REFUSED = {"INVALID_PARAMETER_VALUE", "BAD_REQUEST", "INVALID_STATE"}
"""What MLflow answers to a record that it will not take later either."""
REFUSED_STATUS = {400, 413, 422}
"""The same of a server of artifacts, or of a proxy before it."""
TRACKER = logging.getLogger(__name__)


def deliver(
    session: Session, client: MlflowClient, go_on: Callable[[], bool] = lambda: True
) -> list[str]:
    """Sends what waits in ``session``, in its order; returns why records were refused, if any.

    A record may be sent twice, for an answer can get lost, and a process be killed before it notes
    the answer; the store has it once. Raises ``TrackingError`` when the store does not answer; what
    it took until then is noted. Ends early when ``go_on`` says no.
    """
    delivery = Delivery(session, client)
    reasons = []
    for records, position in groups(session):
        with unrepeated():
            refused = delivery.send(records)
        if not go_on():
            break
        for record, reason in refused:
            session.refuse(record, reason)
        kept = [record["payload"] for record, _ in refused if "payload" in record]
        payloads = [record["payload"] for record in records if "payload" in record]
        session.acknowledge(position, [name for name in payloads if name not in kept])
        reasons += [reason for _, reason in refused]
    return reasons


def groups(session: Session) -> Iterator[tuple[list[Record], int]]:
    """Waiting records, as many together as one request takes, and where each group ends."""
    group: list[Record] = []
    end = session.sent
    for record, position in session.pending():
        if record is None:
            TRACKER.warning("%s holds a damaged record, which is left out", session.folder)
        elif group and not _fit([*group, record]):
            yield group, end
            group = [record]
        else:
            group.append(record)
        end = position
    if end > session.sent:
        yield group, end


def _fit(records: Sequence[Record]) -> bool:
    return all(record["op"] == "batch" for record in records) and all(
        sum(len(record.get(kind, ())) for record in records) <= limit
        for kind, limit in LIMITS.items()
    )


class Delivery:
    """What is known of a run in the store while records are sent to it."""

    def __init__(self, session: Session, client: MlflowClient) -> None:
        self.session = session
        self.client = client
        self._steps: dict[str, set[int]] = {}
        self._params: set[str] | None = None

    def send(self, records: Sequence[Record]) -> list[tuple[Record, str]]:
        """Sends records that fit one request; returns those refused, and why."""
        try:
            self._apply_told(records)
        except TrackingError as fault:
            if not _is_refusal(fault):
                raise
            self._steps, self._params = {}, None
            if len(records) == 1:
                return [(records[0], str(fault))]
            return [refused for record in records for refused in self.send([record])]
        return []

    def _apply_told(self, records: Sequence[Record]) -> None:
        """Applies records, again where another run wrote the same row in between.

        MLflow looks whether a data set is known and adds it if not, in two steps. Whoever loses
        that race is refused, and finds the winner's row the next time.
        """
        for last in (False, False, True):
            try:
                with told(f"logging to run {self.session.about.run_id}"):
                    self._apply(records)
                return
            except TrackingError as fault:
                if last or "unique constraint" not in str(fault).lower():
                    raise

    def _apply(self, records: Sequence[Record]) -> None:
        if not records:
            return
        record = records[0]
        if record["op"] == "create":
            self.session.know(lifecycle.create_once(self.client, record))
            return
        run_id = self._run_id()
        payload = self.session.folder / FILES / record.get("payload", "")
        match record["op"]:
            case "batch":
                self._batch(run_id, records)
            case "dataset":
                tags = [InputTag(key, value) for key, value in record["tags"].items()]
                dataset = DatasetInput(Dataset(**record["dataset"]), tags)
                self.client.log_inputs(run_id, [dataset])
            case "image":
                self._image(run_id, record, payload)
            case "files":
                self.client.log_artifacts(run_id, str(payload), record["into"] or None)
            case "model":
                log_model(self.client, self.client.get_run(run_id), payload, record)
            case "name":
                self.client.update_run(run_id, name=record["name"])
            case "reopen":
                lifecycle.reopen(self.client, run_id, record["process"])
            case "end":
                how = lifecycle.Outcome(
                    *(record[f] for f in lifecycle.Outcome._fields if f in record)
                )
                process = self.session.about.process
                lifecycle.end(self.client, run_id, how, record["at"], process)

    def _run_id(self) -> str:
        about = self.session.about
        if not about.stored_id:
            self.session.know(lifecycle.find_run(self.client, about.run_id).info.run_id)
        return self.session.about.stored_id

    def _batch(self, run_id: str, records: Sequence[Record]) -> None:
        """Metrics, params and tags in one request.

        Their time is that of logging: a metric of the same key, step, time and value is the same
        row of the store, so that sending it again changes nothing.
        """
        metrics: list[Metric] = []
        params: dict[str, str] = {}
        tags: dict[str, str] = {}
        for record in records:
            for key, value, step in record.get("metrics", ()):
                if record.get("missing") and step in self._logged(run_id, key):
                    continue
                metrics.append(Metric(key, value, record["at"], step))
                if key in self._steps:
                    self._steps[key].add(step)
            params = {**record.get("params", {}), **params}
            tags |= record.get("tags", {})
        if params:
            if self._params is None:
                self._params = set(self.client.get_run(run_id).data.params)
            params = {key: value for key, value in params.items() if key not in self._params}
            self._params |= set(params)
        self.client.log_batch(
            run_id,
            metrics=metrics,
            params=[Param(key, value) for key, value in params.items()],
            tags=[RunTag(key, value) for key, value in tags.items()],
        )

    def _logged(self, run_id: str, key: str) -> set[int]:
        """Steps that the store has of a metric."""
        if key not in self._steps:
            found = self.client.get_metric_history(run_id, key)
            self._steps[key] = {metric.step for metric in found}
        return self._steps[key]

    def _image(self, run_id: str, record: Record, payload: Path) -> None:
        """The two files that ``MlflowClient.log_image`` makes, under a name given when it was
        logged rather than now, so that sending them again overwrites them.
        """
        image = Image.fromarray(np.load(payload / "pixels.npy"))
        key = record["key"].replace("/", "~")
        name = f"{key}+step+{record['step']}+timestamp+{record['at']}+{record['payload']}"
        with tempfile.TemporaryDirectory() as scratch:
            image.save(Path(scratch) / f"{name}.png")
            compress_image_size(image).save(Path(scratch) / f"{name}+compressed.webp")
            self.client.log_artifacts(run_id, scratch, "images")
        self.client.set_tag(run_id, MLFLOW_LOGGED_IMAGES, "True")


def _is_refusal(fault: TrackingError) -> bool:
    if isinstance(fault.__cause__, MlflowException):
        return fault.__cause__.error_code in REFUSED
    response = getattr(fault.__cause__, "response", None)
    return getattr(response, "status_code", None) in REFUSED_STATUS
