"""Names that would leave their folder: of runs, artifacts, pictures and members of archives.

Names of files and archives: tests/data/test_names.py and tests/data/test_remote.py; of artifacts:
tests/tracking/test_reader.py.
"""

import json
from pathlib import Path

import pytest

from seglab.data.config import PrepareConfig
from seglab.data.pictures import MANIFEST, open_pictures
from seglab.data.prepare import prepare
from seglab.errors import ConfigError, DataError, SeglabError, TrackingError
from seglab.evaluation.config import EvaluateConfig, PredictConfig
from seglab.training.config import TrainConfig
from seglab.tuning.config import TuneConfig
from tests.data.folders import make_folder

HOSTILE = ["../../x", "/abs", "a\0b", "*", "..", "a/b", "C:\\x"]


@pytest.mark.parametrize("name", HOSTILE)
def test_of_runs_they_are_refused_before_a_path_is_made_of_them(
    sqlite_store: str, tmp_path: Path, name: str
) -> None:
    from seglab.jobs.evaluate import evaluate
    from seglab.jobs.predict import predict
    from seglab.jobs.train import train

    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(TrackingError, match="is no id of a run; take the id that the MLflow UI"):
        train(TrainConfig(resume=name, data_dir=str(tmp_path / "data")))
    with pytest.raises(TrackingError, match="is no id of a run"):
        evaluate(EvaluateConfig(run=name))
    assert sorted(tmp_path.rglob("*")) == before
    with pytest.raises(SeglabError):
        predict(PredictConfig(run=name, images=str(tmp_path)))


@pytest.mark.parametrize("name", HOSTILE)
def test_of_studies_they_are_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="--study="):
        TuneConfig(study=name, model="can", inputs="rgb")


@pytest.mark.parametrize("name", [*HOSTILE[:3], "CON", ".hidden"])
def test_in_a_prepared_manifest_they_are_refused(tmp_path: Path, name: str) -> None:
    make_folder(tmp_path / "mine", [f"p{i}" for i in range(8)])
    prepare(PrepareConfig(dataset="folder", data_dir=str(tmp_path), source=str(tmp_path / "mine")))
    path = tmp_path / "folder" / MANIFEST
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["pictures"][3]["name"] = name
    path.write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(DataError, match=r"manifest\.json names pictures that are no") as caught:
        open_pictures(str(tmp_path), "folder")
    assert f"name {name!r}" in str(caught.value)
