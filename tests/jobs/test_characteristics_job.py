"""The characteristics job through its entry point, on segments and on masks."""

import pandas as pd
import pytest
from mlflow.artifacts import download_artifacts

from tests.data.annotated import make_panoptic
from tests.jobs.workspace import Workspace


@pytest.fixture(scope="module")
def workspace(tmp_path_factory, empty_database):
    return Workspace(tmp_path_factory.mktemp("characteristics"), empty_database)


def test_tables_figures_and_numbers_of_coco(workspace):
    make_panoptic(workspace.folder / "coco")
    workspace.run("prepare", dataset="coco", source=workspace.folder / "coco")
    output = workspace.run("characteristics", dataset="coco")
    assert "coco/panoptic: 3 pictures" in output
    assert "sky" in output
    run = workspace.runs()[0]
    assert run.data.metrics["pictures"] == 3
    assert run.data.metrics["pictures_val"] == 1
    assert run.data.metrics["classes"] == 2
    assert run.data.metrics["segments_mean"] == 2
    assert run.data.metrics["foreground_max"] == 50 / 80
    (used,) = run.inputs.dataset_inputs
    assert used.dataset.digest == run.data.tags["seglab.data_digest"]
    folder = workspace.folder / "downloaded"
    download_artifacts(
        run_id=run.info.run_id,
        artifact_path="characteristics",
        dst_path=folder,
        tracking_uri=workspace.uri,
    )
    files = {path.name: path for path in (folder / "characteristics").iterdir()}
    assert set(files) == {"pictures.parquet", "pictures.png", "classes.parquet", "classes.png"}
    assert len(pd.read_parquet(files["pictures.parquet"])) == 3
    assert list(pd.read_parquet(files["classes.parquet"])["category"]) == ["person", "sky"]


def test_masks_have_no_classes(workspace):
    workspace.run("prepare")
    output = workspace.run("characteristics")
    assert "foreground" in output
    run = workspace.runs()[0]
    assert run.data.metrics["pictures"] == 64
    assert "segments_mean" not in run.data.metrics
    names = workspace.client.list_artifacts(run.info.run_id, "characteristics")
    assert [item.path.split("/")[1] for item in names] == ["pictures.parquet", "pictures.png"]
