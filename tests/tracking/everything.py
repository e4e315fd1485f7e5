"""A run with one of everything that can be logged, and what a store then has of it."""

from pathlib import Path

import numpy as np
import pandas as pd
from mlflow import MlflowClient

from seglab.tracking.run import Run

STEPS = range(1, 5)
LOADER = "def _load_pyfunc(path):\n    return None\n"


def log_everything(run: Run, folder: Path) -> None:
    """Metrics of several steps, params, a tag, a data set, a picture, files and a model."""
    report = folder / "report"
    (report / "sub").mkdir(parents=True, exist_ok=True)
    (report / "sub" / "table.csv").write_text("a,b\n")
    code = folder / "tiny_loader"
    code.mkdir(exist_ok=True)
    (code / "__init__.py").write_text(LOADER)
    run.params({"width": 8})
    frame = pd.DataFrame({"name": ["a"], "height": [3.0]})
    run.dataset(frame, "icoseg", "0123456789abcdef", "train")
    for step in STEPS:
        run.metrics({"loss": 1 / step, "iou": step / 8}, step)
    run.tags({"seglab.note": "first"})
    run.image("val/a", np.zeros((8, 8, 3), np.uint8), step=1)
    run.tags({"seglab.note": "last"})
    run.artifact(report / "sub" / "table.csv", "tables")
    run.artifacts(report, "report")
    table = report / "sub" / "table.csv"
    run.model("model", table, "tiny_loader", "image", ["mask"], {}, step=4, code=code)


def stored(client: MlflowClient, run_id: str) -> dict[str, object]:
    """What a store has of a run that ``log_everything`` logged to."""
    run = client.get_run(run_id)
    models = client.search_logged_models(
        [run.info.experiment_id], f"source_run_id = '{run.info.run_id}'"
    )
    return {
        "status": run.info.status,
        "error": run.data.tags.get("seglab.error"),
        "metrics": {key: history(client, run.info.run_id, key) for key in run.data.metrics},
        "params": run.data.params,
        "note": run.data.tags["seglab.note"],
        "images": run.data.tags["mlflow.loggedImages"],
        "data": [used.dataset.digest for used in run.inputs.dataset_inputs],
        "outputs": [output.step for output in run.outputs.model_outputs],
        "models": [(m.name, m.status, len(m.metrics), m.params) for m in models],
        "files": sorted(
            path.partition("+")[0]
            for path in files(client, run.info.run_id)
            if not path.startswith("provenance/")
        ),
    }


def history(client: MlflowClient, run_id: str, key: str) -> list[tuple[int, float]]:
    """Steps and values of a metric, as they lie in the store."""
    return [(metric.step, metric.value) for metric in client.get_metric_history(run_id, key)]


def files(client: MlflowClient, run_id: str, folder: str | None = None) -> list[str]:
    """Paths of a run's artifacts."""
    return [
        path
        for item in client.list_artifacts(run_id, folder)
        for path in (files(client, run_id, item.path) if item.is_dir else [item.path])
    ]
