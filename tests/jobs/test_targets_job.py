"""The targets job as a program: what it paints, logs and says."""

from tests.data.annotated import make_instances
from tests.jobs.workspace import Workspace


def test_targets_of_coco_are_painted_once_and_logged(tmp_path, empty_database):
    workspace = Workspace(tmp_path, empty_database)
    make_instances(tmp_path / "published")
    workspace.run("prepare", dataset="coco", source=tmp_path / "published")
    said = [workspace.run("targets", superpixels=6, workers=2) for _ in range(2)]
    assert "coco/instances: 3 targets painted, 0 reused" in said[0]
    assert "coco/instances: 0 targets painted, 3 reused" in said[1]
    again, run, _ = workspace.runs()
    assert (run.info.status, again.info.status) == ("FINISHED", "FINISHED")
    assert run.data.metrics == {"targets_painted": 3, "targets_reused": 0}
    assert run.data.params["superpixels"] == "6"
    assert run.data.tags["seglab.targets"] == "6 superpixels · color 7 · mask 10"
    assert run.data.tags["seglab.targets_digest"] == again.data.tags["seglab.targets_digest"]
    (used,) = run.inputs.dataset_inputs
    assert used.dataset.digest == run.data.tags["seglab.data_digest"]
    logged = [file.path for file in workspace.client.list_artifacts(run.info.run_id, "images")]
    assert sum("000000000001" in path and path.endswith(".png") for path in logged) == 1
