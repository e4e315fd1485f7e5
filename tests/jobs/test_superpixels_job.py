"""The superpixels entry point: photos, own pictures, and what a trained network paints."""

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from workspace import Workspace

from seglab.tracking.lifecycle import OFFLINE_ID

LITTLE = {"superpixels": 40, "workers": 1}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory, empty_database):
    space = Workspace(tmp_path_factory.mktemp("superpixels"), empty_database)
    space.run("prepare", dataset="sample")
    return space


def artifact(workspace, run, path):
    local = workspace.client.download_artifacts(run.info.run_id, path, str(workspace.folder))
    return io.BytesIO(Path(local).read_bytes())


def test_a_sweep_is_judged_in_a_run_of_its_own(workspace):
    flags = {"method": "eikonal,slic,grid", "color_weight": "2,7", "update": "false"}
    output = workspace.run("superpixels", dataset="sample", splits="val,test", **flags, **LITTLE)
    run = workspace.runs()[0]
    rows = pd.read_parquet(artifact(workspace, run, "superpixels/per_image.parquet"))
    assert set(rows["part"]) == {"val", "test"}
    assert set(rows[rows["method"] == "eikonal"]["update"]) == {False}
    means = pd.read_csv(artifact(workspace, run, "superpixels/summary.csv"))
    assert means["method"].tolist() == ["eikonal"] * 2 + ["slic"] * 5 + ["grid"]

    eikonal = rows[(rows["method"] == "eikonal") & (rows["weight"] == 7.0)]
    key = "superpixels/photo/eikonal/boundary_recall"
    history = workspace.client.get_metric_history(run.info.run_id, key)
    assert [metric.step for metric in history] == [0, 1]
    assert history[1].value == pytest.approx(eikonal["boundary_recall"].mean())
    assert run.data.metrics["superpixels/photo/eikonal/weight"] == 7.0
    assert run.data.metrics["superpixels/photo/eikonal/superpixels"] == 40
    assert "superpixels/photo/grid/weight" not in run.data.metrics
    assert run.data.params["color_weight"] == "2.0,7.0"
    assert run.data.params["update"] == "false"
    (used,) = run.inputs.dataset_inputs
    assert used.dataset.digest == run.data.tags["seglab.data_digest"]
    for name in ("tradeoff", "boundaries"):
        with Image.open(artifact(workspace, run, f"superpixels/figures/{name}.png")) as figure:
            assert figure.width > 300
    assert "compact_watershed" not in output
    assert run.info.run_id in output


def test_own_pictures_get_labels_and_boundaries(workspace):
    folder = workspace.folder / "photos"
    folder.mkdir()
    for name in ("a", "b c"):
        Image.effect_noise((60, 50), 60).convert("RGB").save(folder / f"{name}.png")
    workspace.run("superpixels", images=folder, **LITTLE)
    run = workspace.runs()[0]
    labels = np.asarray(
        Image.open(artifact(workspace, run, "superpixels/labels/photo/eikonal_7/b c.png"))
    )
    assert labels.shape == (50, 60)
    assert np.unique(labels).tolist() == list(range(40))
    artifact(workspace, run, "superpixels/boundaries/photo/eikonal_7/a.png")
    assert "superpixels/photo/eikonal/explained_variation" in run.data.metrics
    assert "superpixels/photo/eikonal/boundary_recall" not in run.data.metrics
    assert len(run.data.tags["seglab.data_digest"]) == 32


def test_what_a_network_paints_is_judged_beside_the_photo(workspace):
    workspace.run("targets", dataset="sample", **LITTLE, mask_weight=0)
    small = {"model": "can", "depth": 4, "width": 3, "crop": 32, "epochs": 3, "inputs": "rgb"}
    jumpy = {"learning_rate": 0.2, "seed": 1}  # the last epoch is not the best one
    workspace.run("train", dataset="sample", task="superpixels", **small, **jumpy)
    painter = workspace.runs()[0].info.run_id
    offline = "0ff" + painter[3:]  # as if it had been started while the store was away
    workspace.client.set_tag(painter, OFFLINE_ID, offline)
    (workspace.data_dir / "runs" / painter).rename(workspace.data_dir / "runs" / offline)
    workspace.run("superpixels", dataset="sample", splits="val", run=offline, **LITTLE)
    run = workspace.runs()[0]
    assert run.data.tags["seglab.target_run"] == painter
    rows = pd.read_parquet(artifact(workspace, run, "superpixels/per_image.parquet"))
    assert rows["input"].tolist() == ["photo", "network"] * (len(rows) // 2)
    recall = [f"superpixels/{source}/eikonal/boundary_recall" for source in ("photo", "network")]
    assert run.data.metrics[recall[0]] != run.data.metrics[recall[1]]
    last = rows["boundary_recall_last"]
    assert (last.notna() == (rows["input"] == "network")).all()
    assert (last != rows["boundary_recall"])[rows["input"] == "network"].any()


def test_a_run_that_learnt_masks_is_refused(workspace):
    workspace.run("train", dataset="sample", width=2, tile=160, epochs=1, inputs="rgb")
    masks = workspace.runs()[0].info.run_id
    process = workspace.start("superpixels", dataset="sample", run=masks, **LITTLE)
    _, errors = process.communicate()
    assert process.returncode == 2
    assert f"--run={masks} learnt masks" in errors
