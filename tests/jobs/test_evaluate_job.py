"""Whole pictures are scored at the best epoch and at the last one."""

import pytest
from mlflow import MlflowClient

from seglab.data.config import PrepareConfig
from seglab.data.prepare import prepare
from seglab.errors import DataError
from seglab.evaluation.config import EvaluateConfig
from seglab.jobs.evaluate import evaluate
from seglab.jobs.train import run_folder, train
from seglab.tracking.reader import current_experiment, download, read_runs
from seglab.training.checkpoint import LAST
from seglab.training.config import TrainConfig

EPOCHS = 8


@pytest.mark.usefixtures("sqlite_store")
def test_scores_are_those_of_either_epoch_and_the_last_needs_its_checkpoint(tmp_path, capsys):
    data = tmp_path / "data"
    prepare(PrepareConfig(dataset="sample", data_dir=str(data)))
    # So few pictures and such large steps that the last epoch need not be the best one.
    config = {"width": 4, "epochs": EPOCHS, "pictures": 8, "tile": 160, "learning_rate": 0.01}
    train(TrainConfig(inputs="rgb", data_dir=str(data), **config))
    (run_id,) = read_runs(current_experiment())["run_id"]
    client = MlflowClient()
    losses = [m.value for m in client.get_metric_history(run_id, "val/loss")]
    best = losses.index(min(losses)) + 1
    evaluate(EvaluateConfig(run=run_id, splits=("val",), pictures=0))
    # A picture is one tile: its score is the one that training logged, but for the padding.
    for epoch, prefix in ((best, "evaluation"), (EPOCHS, "evaluation_last")):
        (score,) = client.get_metric_history(run_id, f"{prefix}/val/iou")
        assert score.step == epoch
        assert score.value > 0.1
        logged = {m.step: m.value for m in client.get_metric_history(run_id, "val/iou")}
        assert score.value == pytest.approx(logged[epoch], abs=2e-3)
    assert download(run_id, "evaluation/per_image_last.parquet", tmp_path / "fetched").exists()
    assert f"last epoch, {EPOCHS}:" in capsys.readouterr().out

    elsewhere = tmp_path / "elsewhere"
    data.rename(elsewhere)
    with pytest.raises(DataError, match="name the folder: -P data_dir="):
        evaluate(EvaluateConfig(run=run_id, splits=("val",), pictures=0))
    path = run_folder(str(elsewhere), run_id) / LAST
    path.unlink()
    evaluate(EvaluateConfig(run=run_id, data_dir=str(elsewhere), splits=("val",), pictures=0))
    out = capsys.readouterr().out
    assert f"the last epoch, {EPOCHS}, is not scored: there is no checkpoint of it at {path}" in out
