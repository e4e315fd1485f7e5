"""A checkpoint as an MLflow model: loaded by our own code from a plain file, without pickle."""

import json
import platform
import shutil
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from mlflow import MlflowClient
from mlflow.entities import LoggedModel, LoggedModelOutput, LoggedModelStatus, Metric, Run

from seglab.tracking.provenance import installed

REQUIREMENTS = (
    *("mlflow", "torch", "numpy", "scipy", "pandas"),
    *("pillow", "pyarrow", "jaxtyping", "tqdm"),
)
"""What the loader imports; pinned in the model at the versions it was trained with."""
ARCHIVE = "code.zip"
FIND = f'\n__path__ = [f"{{__path__[0]}}/{ARCHIVE}/{{__name__}}"]  # a model is few files\n'
"""Where a package's first file finds the others: stores take and give models file by file."""
RECORD = "seglab.record"
"""Tag of a logged model: the record it was made of, which makes one model."""


def requirements() -> list[str]:
    """What the loader imports, at the installed versions.

    These are the versions that package indexes know: torch's "+cpu" builds are not on them.
    """
    return [f"{package}=={installed(package).split('+')[0]}" for package in REQUIREMENTS]


def keep_model(folder: Path, checkpoint: Path, code: Path) -> None:
    """Copies what a model is made of into ``folder``, as it is now."""
    shutil.copy(checkpoint, folder / checkpoint.name)
    package = folder / "code" / code.name
    package.mkdir(parents=True)
    first = (code / "__init__.py").read_text(encoding="utf-8")
    (package / "__init__.py").write_text(first + FIND, encoding="utf-8")
    # Some package managers date every file 1970, which zip files cannot say.
    with ZipFile(package / ARCHIVE, "w", ZIP_DEFLATED, strict_timestamps=False) as archive:
        for path in sorted(code.rglob("*")):
            if "__pycache__" not in path.parts:
                archive.write(path, path.relative_to(code.parent))


def log_model(client: MlflowClient, run: Run, kept: Path, record: Mapping[str, Any]) -> None:
    """Logs the model of a record to ``run``, or what of it is not there yet; see ``Run.model``.

    ``mlflow.pyfunc.log_model`` in steps, for all of it at once would make two models of a record
    that has to be sent twice.
    """
    with warnings.catch_warnings():
        # MLflow warns of type hints of its own and asks for an example of the input, which it
        # would write as megabytes of JSON.
        warnings.simplefilter("ignore", UserWarning)
        model = _find(client, run, record["payload"]) or client.create_logged_model(
            run.info.experiment_id,
            name=record["name"],
            source_run_id=run.info.run_id,
            params=run.data.params,
            tags={RECORD: record["payload"]},
        )
        if model.status == LoggedModelStatus.READY:
            return
        outputs = run.outputs.model_outputs if run.outputs else []
        if model.model_id not in {output.model_id for output in outputs}:
            output = LoggedModelOutput(model.model_id, step=record["step"])
            client.log_outputs(run.info.run_id, models=[output])
        client.log_batch(run.info.run_id, metrics=_metrics(client, run, model, record["step"]))
        with tempfile.TemporaryDirectory() as scratch:
            _save(Path(scratch) / "model", run, model, kept, record)
            client.log_model_artifacts(model.model_id, f"{scratch}/model")
        client.finalize_logged_model(model.model_id, LoggedModelStatus.READY)


def _find(client: MlflowClient, run: Run, name: str) -> LoggedModel | None:
    found = client.search_logged_models(
        [run.info.experiment_id], f"source_run_id = '{run.info.run_id}'"
    )
    return next((model for model in found if model.tags.get(RECORD) == name), None)


def _metrics(client: MlflowClient, run: Run, model: LoggedModel, step: int) -> list[Metric]:
    """The run's metrics of a step, as the model's."""
    return [
        Metric(
            metric.key,
            metric.value,
            metric.timestamp,
            step,
            model_id=model.model_id,
            run_id=run.info.run_id,
        )
        for key in run.data.metrics
        for metric in client.get_metric_history(run.info.run_id, key)
        if metric.step == step and metric.model_id is None
    ]


def _save(path: Path, run: Run, model: LoggedModel, kept: Path, record: Mapping[str, Any]) -> None:
    """Writes a model's folder, as MLflow's documentation says what stands in one.

    ``mlflow.pyfunc.save_model`` reads first what files each installed package has, for a second.
    """
    # Imported here, for it takes a second, which only jobs that train need to pay.
    from mlflow.models import Model, ModelSignature
    from mlflow.pyfunc import add_to_model
    from mlflow.types import ColSpec, Schema
    from mlflow.types.schema import AnyType

    # A picture is a file or an array of any size: MLflow has no narrower type for both.
    anything = AnyType()  # type: ignore[no-untyped-call]
    takes, gives = (
        Schema([ColSpec(anything, name) for name in names])
        for names in ([record["takes"]], record["gives"])
    )
    shutil.copytree(kept / "code", path / "code")
    checkpoint = path / "data" / record["checkpoint"]
    checkpoint.parent.mkdir()
    shutil.copy(kept / record["checkpoint"], checkpoint)
    description = Model(
        artifact_path=model.artifact_location,
        model_uuid=model.model_id,
        run_id=run.info.run_id,
        metadata=record["metadata"],
        model_id=model.model_id,
        signature=ModelSignature(inputs=takes, outputs=gives),
    )
    description.model_size_bytes = checkpoint.stat().st_size
    add_to_model(  # type: ignore[no-untyped-call]
        description,
        loader_module=record["loader_module"],
        data=str(checkpoint.relative_to(path)),
        code="code",
        conda_env="conda.yaml",
        python_env="python_env.yaml",
        streamable=False,
    )
    description.save(path / "MLmodel")
    _write_environments(path, record["requirements"])


def _write_environments(path: Path, requirements: Sequence[str]) -> None:
    """What a model needs, as pip, virtualenv and conda are told it."""
    python, lines = platform.python_version(), "".join(f"{line}\n" for line in requirements)
    (path / "requirements.txt").write_text(lines, encoding="utf-8")
    virtualenv = {
        "python": python,
        "build_dependencies": ["pip", "setuptools", "wheel"],
        "dependencies": ["-r requirements.txt"],
    }
    conda = {
        "name": "mlflow-env",
        "channels": ["conda-forge"],
        "dependencies": [f"python={python}", "pip", {"pip": list(requirements)}],
    }
    for name, environment in {"python_env.yaml": virtualenv, "conda.yaml": conda}.items():
        # JSON, which is YAML, too.
        (path / name).write_text(json.dumps(environment, indent=2), encoding="utf-8")
