"""Maps and targets computed by several workers are those of one."""

import uuid

import pytest
from mlflow import MlflowClient

from seglab.data.cache import open_cache
from seglab.data.shared import here
from seglab.errors import ConfigError
from seglab.jobs.saliency import saliency
from seglab.jobs.targets import targets
from seglab.launching import slurm
from seglab.saliency.config import SaliencyConfig
from seglab.superpixels.config import TargetsConfig
from tests.saliency.picture_set import noise, picture_set

MAPS = {"dataset": "folder", "rules": ("guided",), "weights": "random", "target": "features"}
MAPS |= {"patch": 32}
PAINTING = {"dataset": "folder", "superpixels": 6, "mask_weight": 0}


def files(folder, job):
    """Content of every file in a cache."""
    paths = open_cache(str(folder), job).folder.rglob("*.arrow")
    return {path.name: path.read_bytes() for path in paths if path.name[0] != "."}


def counted():
    """Metrics of the latest run."""
    return MlflowClient().search_runs(["0"], max_results=1)[0].data.metrics


@pytest.mark.parametrize(
    "flags",
    [
        {"engine": "ray"},
        {"engine": "slurm"},
        {"workers": 2, "ray_address": "head:6379"},
    ],
)
def test_flags_of_no_use_are_refused(flags):
    with pytest.raises(ConfigError, match=r"--workers|--ray_address"):
        TargetsConfig(**flags)


def test_targets_by_jobs_of_a_queue(sqlite_store, tmp_path, monkeypatch):
    monkeypatch.setattr(slurm, "CLUSTER", "local")
    picture_set(tmp_path, {"a": noise(40, 40, 0)})
    targets(TargetsConfig(data_dir=str(tmp_path), engine="slurm", workers=1, **PAINTING))
    assert counted() == {"targets_painted": 1, "targets_reused": 0}
    assert len(files(tmp_path, "targets")) == 1


@pytest.mark.parametrize("engine", ["local", "ray"])
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_workers_fill_a_cache_in_a_bucket(engine, request, s3, http_store, tmp_path, monkeypatch):
    """Those of Ray have nothing of this machine's: credentials come with the work."""
    picture_set(tmp_path / "made", {str(place): noise(40, 40, place) for place in range(3)})
    bucket = f"shards-{uuid.uuid4().hex}"
    s3.upload(tmp_path / "made", bucket, "data")
    monkeypatch.setenv("SEGLAB_CACHE", str(tmp_path / "here"))
    given = {"data_dir": f"s3://{bucket}/data", "workers": 2, "engine": engine}
    if engine == "ray":
        given["ray_address"] = request.getfixturevalue("ray_cluster").address
    saliency(SaliencyConfig(**given, **MAPS))
    assert counted() == {"maps_computed": 3, "maps_reused": 0}
    if engine == "ray":
        targets(TargetsConfig(**given, **PAINTING))
        assert counted() == {"targets_painted": 3, "targets_reused": 0}
        assert len(files(here(given["data_dir"]), "targets")) == 3
    listed = s3.client().list_objects_v2(Bucket=bucket, Prefix="data/cache/saliency/")
    stored = {entry["Key"].rpartition("/")[2] for entry in listed["Contents"]}
    saliency(SaliencyConfig(data_dir=str(tmp_path / "made"), **MAPS))  # by this process
    assert counted() == {"maps_computed": 3, "maps_reused": 0}
    assert files(tmp_path / "made", "saliency") == files(here(given["data_dir"]), "saliency")
    assert files(tmp_path / "made", "saliency").keys() == stored
