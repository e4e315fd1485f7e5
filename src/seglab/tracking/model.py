"""A checkpoint as an MLflow model: loaded by our own code from a plain file, without pickle."""

import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from mlflow import MlflowClient
from mlflow.entities import Run

from seglab.tracking.provenance import PACKAGE, installed
from seglab.tracking.store import told

REQUIREMENTS = ("mlflow", "torch", "numpy", "pandas", "pillow", "pyarrow", "jaxtyping", "tqdm")
"""What the loader imports; pinned in the model at the versions it was trained with."""


def log_model(
    client: MlflowClient,
    run: Run,
    name: str,
    checkpoint: Path,
    loader_module: str,
    channels: int,
    classes: int,
    metadata: Mapping[str, object],
    step: int,
    code: Path = PACKAGE,
) -> str:
    """URI of the model logged to ``run``; see ``Run.model``."""
    with told(f"logging model {name!r} to run {run.info.run_id}"), warnings.catch_warnings():
        # MLflow warns of type hints of its own and asks for an example of the input, which it
        # would write as megabytes of JSON.
        warnings.simplefilter("ignore", UserWarning)
        # Imported here, for it takes a second, which only jobs that train need to pay.
        import mlflow.pyfunc
        from mlflow.models import Model, ModelSignature
        from mlflow.types import Schema, TensorSpec

        # Made here rather than by Model.log, which would put it into the experiment of the
        # environment instead of the run's.
        logged = client.create_logged_model(
            run.info.experiment_id,
            name=name,
            source_run_id=run.info.run_id,
            params=run.data.params,
        )
        shape = (-1, -1, -1) if classes == 1 else (-1, -1, -1, classes)
        model = Model.log(
            artifact_path=None,
            flavor=mlflow.pyfunc,
            name=name,
            model_id=logged.model_id,
            run_id=run.info.run_id,
            step=step,
            metadata=dict(metadata),
            loader_module=loader_module,
            data_path=str(checkpoint),
            code_paths=[str(code)],
            signature=ModelSignature(
                inputs=Schema([TensorSpec(np.dtype("uint8"), (-1, -1, -1, channels))]),
                outputs=Schema([TensorSpec(np.dtype("float32"), shape)]),
            ),
            pip_requirements=[f"{package}=={_released(package)}" for package in REQUIREMENTS],
        )
        return str(model.model_uri)


def _released(package: str) -> str:
    """The installed version as package indexes know it: torch's "+cpu" builds are not on them."""
    return installed(package).split("+")[0]
