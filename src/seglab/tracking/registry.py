"""The model registry: which run's network is the one to use."""

from mlflow.exceptions import MlflowException

from seglab.tracking.lifecycle import find_run
from seglab.tracking.store import connect, told

CHAMPION = "champion"
"""Alias of the best version of a registered model."""


def crown(name: str, run_id: str, model: str) -> str:
    """URI of the registered model ``name``, whose champion is now ``model`` of the run.

    A version is made of it unless there is one already.
    """
    client = connect()
    run = find_run(client, run_id)
    with told(f"registering {model!r} of run {run_id} as {name!r}"):
        try:
            client.create_registered_model(name)
        except MlflowException as fault:
            if fault.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        known = client.search_model_versions(f"name = '{name}'")
        version = next((v.version for v in known if v.run_id == run_id), None)
        if version is None:
            (logged, *_) = client.search_logged_models(
                [run.info.experiment_id],
                f"source_run_id = '{run_id}' AND name = '{model}'",
                max_results=1,
            )
            version = client.create_model_version(
                name, logged.model_uri, run_id, model_id=logged.model_id
            ).version
        client.set_registered_model_alias(name, CHAMPION, version)
    return f"models:/{name}@{CHAMPION}"
