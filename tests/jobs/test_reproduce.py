"""A reproduction runs and reuses rows, survives interruptions and faults, and is told again."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient

import seglab.jobs.reproduce as job
import seglab.jobs.row_run as row_run
from seglab.data.config import PrepareConfig
from seglab.data.decode import write_png
from seglab.data.pictures import open_pictures
from seglab.data.prepare import prepare
from seglab.errors import ConfigError, DataError, SeglabError
from seglab.evaluation.config import EvaluateConfig
from seglab.jobs.config import ReproduceConfig
from seglab.jobs.report import report
from seglab.jobs.reproduce import in_words, reproduce
from seglab.jobs.rows import SMALL, choose_experiments, rows_of, training
from seglab.jobs.superpixels import superpixels as judge
from seglab.jobs.train import plan_training, train
from seglab.results.config import ReportConfig
from seglab.superpixels.config import SuperpixelsConfig, TargetsConfig
from seglab.superpixels.painting import fill_targets
from seglab.superpixels.segment import SWEEPS
from seglab.tracking.reader import read_runs

TINY = {"width": 2, "epochs": 2, "pictures": 2, "tile": 160, "batch_size": 8}


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("data"))
    prepare(PrepareConfig(dataset="sample", data_dir=folder))
    return folder


@pytest.fixture
def config(data_dir, sqlite_store, monkeypatch):
    monkeypatch.setitem(SMALL, "saliency", TINY)
    return ReproduceConfig(
        dataset="sample", scale="small", data_dir=data_dir, only=("rgb",), seeds=2
    )


@pytest.fixture
def untold(monkeypatch):
    """Without the report, whose figures take seconds."""
    monkeypatch.setattr(job, "log_report", lambda run, reproduction: None)


def runs(name):
    """Runs of the store, oldest first, whose name starts with ``name``."""
    found = read_runs("Default").sort_values("start_time")
    return found[found["name"].str.startswith(name)]


def artifacts(run_id, tmp_path):
    """Bytes of a run's report by file."""
    folder = Path(MlflowClient().download_artifacts(run_id, "report", str(tmp_path)))
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def assert_told_again_to_the_byte(parent, first, tmp_path):
    """The report of ``parent`` that is made anew from MLflow has the bytes of its ``first``."""
    report(ReportConfig(run=parent))
    told_again = runs("report")["run_id"].iloc[-1]
    (tmp_path / "again").mkdir()
    second = artifacts(told_again, tmp_path / "again")
    assert first.keys() == second.keys()
    for name in first:
        assert first[name] == second[name], name


def test_rows_are_ordinary_runs_below_one_and_the_report_is_made_again_to_the_byte(
    config, tmp_path, capsys
):
    photo = np.random.default_rng(0).integers(0, 256, (90, 70, 3), np.uint8)
    write_png(tmp_path / "unseen" / "cars.png", photo)
    reproduce(replace(config, unseen=str(tmp_path / "unseen")))
    (parent,) = runs("reproduce")["run_id"]
    children = runs("UNet")
    assert list(children["params.seed"]) == ["0", "1"]
    assert set(children["tags.mlflow.parentRunId"]) == {parent}
    assert set(children["params.width"]) == {"2"}
    assert children["metrics.evaluation/test/iou"].notna().all()
    assert runs("reproduce")["tags.seglab.rows"].tolist() == ["2 run"]
    out = capsys.readouterr().out
    assert "row 2/2  UNet RGB on sample, seed 1" in out
    assert "left for all rows" in out
    assert "SMALL SCALE" in out
    assert f"`mlflow artifacts download -r {parent} -a report -d .`" in out
    with pytest.raises(ConfigError, match="is the run of no reproduction and of no study"):
        report(ReportConfig(run=children["run_id"].iloc[0]))

    first = artifacts(parent, tmp_path)
    assert_told_again_to_the_byte(parent, first, tmp_path)
    assert {"results.html", "results.csv", "validation.csv"} <= first.keys()
    assert "figures/sample_validation.png" in first
    assert len([name for name in first if name.startswith("figures/sample_scene")]) == 2
    assert {"figures/sample_thresholds.png", "figures/sample_unseen_cars.png"} <= first.keys()


def test_a_training_started_by_hand_is_scored_and_then_reused(config, untold):
    (row,) = choose_experiments(config)
    train(training(config, row, seed=0))
    reproduce(replace(config, seeds=1))
    assert len(runs("UNet RGB")) == 1
    assert runs("UNet RGB")["metrics.evaluation/test/iou"].notna().all()
    reproduce(replace(config, seeds=1))
    assert len(runs("UNet RGB")) == 1
    assert runs("reproduce")["tags.seglab.rows"].tolist() == ["1 scored", "1 reused"]


def test_either_split_has_rows_of_its_own(config):
    rows = rows_of(replace(config, split="both"))
    assert [(row.seed, row.plan.config.split) for row in rows] == [
        (0, "published"), (0, "grouped"), (1, "published"), (1, "grouped"),
    ]  # fmt: skip
    assert rows[1].title == "UNet RGB on sample, grouped split, seed 0"


def test_too_many_unseen_pictures_are_refused_before_anything_runs(config, tmp_path):
    for number in range(13):
        write_png(tmp_path / "many" / f"{number}.png", np.zeros((3, 3, 3), np.uint8))
    with pytest.raises(ConfigError, match="holds 13 pictures; name a folder of 12 at most"):
        reproduce(replace(config, unseen=str(tmp_path / "many")))
    assert len(read_runs("Default")) == 0


def test_an_interrupted_reproduction_goes_on_where_it_stopped(config, untold, monkeypatch, capsys):
    evaluate = row_run.evaluate_into

    def interrupted(run, config: EvaluateConfig):
        if len(runs("UNet")) == 2:
            raise KeyboardInterrupt
        evaluate(run, config)

    monkeypatch.setattr(row_run, "evaluate_into", interrupted)
    with pytest.raises(KeyboardInterrupt):
        reproduce(config)
    assert "the same command goes on" in capsys.readouterr().out
    assert runs("reproduce")["status"].tolist() == ["KILLED"]
    assert runs("UNet")["status"].tolist() == ["FINISHED", "KILLED"]
    monkeypatch.setattr(row_run, "evaluate_into", evaluate)
    reproduce(config)
    assert runs("reproduce")["status"].tolist() == ["FINISHED"]
    assert runs("reproduce")["tags.seglab.rows"].tolist() == ["1 reused, 1 resumed"]
    assert runs("UNet")["status"].tolist() == ["FINISHED", "FINISHED"]


def test_rows_are_spread_over_processes(config, sqlite_store, untold, capsys):
    reproduce(replace(config, workers=2))
    (parent,) = runs("reproduce").itertuples()
    rows = runs("UNet RGB")
    assert list(rows["status"]) == ["FINISHED", "FINISHED"]
    assert set(rows["tags.mlflow.parentRunId"]) == {parent.run_id}
    assert rows["metrics.evaluation/test/iou"].notna().all()
    told = capsys.readouterr().out
    assert "row 2/2" in told
    # The same rows one after the other are there already: where they run changes no number.
    reproduce(config)
    assert "2 of them there already" in capsys.readouterr().out


def test_a_failed_row_is_told_and_the_others_go_on(config, monkeypatch, tmp_path):
    evaluate = row_run.evaluate_into

    def failing(run, config: EvaluateConfig):
        if len(runs("UNet")) == 1:
            raise RuntimeError("out of memory")
        evaluate(run, config)

    monkeypatch.setattr(row_run, "evaluate_into", failing)
    with pytest.raises(SeglabError, match=r"1 of 2 rows failed: UNet RGB on sample, seed 0: Runt"):
        reproduce(config)
    assert runs("UNet")["status"].tolist() == ["FAILED", "FINISHED"]
    (parent,) = runs("reproduce")["run_id"]
    text = artifacts(parent, tmp_path)["results.txt"].decode()
    assert "Failed and not in the tables: icoseg/rgb on sample, seed 0: RuntimeError" in text
    assert "seed 1" in text


def test_painters_are_trained_and_their_superpixels_judged(config, monkeypatch, tmp_path):
    fill_targets(
        TargetsConfig(dataset="sample", data_dir=config.data_dir, superpixels=20, workers=1),
        open_pictures(config.data_dir, "sample"),
    )
    tiny = {"width": 2, "epochs": 1, "pictures": 2, "crop": 32, "batch_size": 8}
    monkeypatch.setitem(SMALL, "superpixels", tiny)
    config = replace(config, seeds=1)
    wanted = replace(config, table="superpixels", only=("d4", "slic", "eikonal"))
    reproduce(wanted)
    (parent,) = runs("reproduce")["run_id"]
    assert runs("reproduce")["tags.seglab.rows"].tolist() == ["3 run"]
    assert set(runs("superpixels")["tags.mlflow.parentRunId"]) == {parent}
    files = artifacts(parent, tmp_path)
    assert_told_again_to_the_byte(parent, files, tmp_path)
    table = pd.read_csv(io.BytesIO(files["superpixels.csv"]))
    network = table[table["experiment"] == "CAN d=4, schedule A"]
    assert network["run_id"].tolist() == [*runs("CAN")["run_id"]] * 2
    assert network["weight"].tolist() == [3, 7]
    assert table["boundary_recall"].between(0, 1, inclusive="right").all()
    photos = table[table["seeds"].isna()]
    assert photos["experiment"].tolist() == [
        *["SLIC of the photo"] * len(SWEEPS["slic"]),
        *["Eikonal (FMS) of the photo"] * 2,
    ]
    assert (pd.read_csv(io.BytesIO(files["painting.csv"]))["best_loss"] > 0).all()
    assert {"figures/sample_painting.png"} <= files.keys()
    assert any(name.endswith("_superpixels.png") for name in files)
    verdicts = files["verdicts.csv"].decode()
    assert "Depth d = 7 is best,not decidable" in verdicts
    monkeypatch.setattr(job, "log_report", lambda run, reproduction: None)
    reproduce(wanted)
    assert runs("reproduce")["tags.seglab.rows"].tolist()[-1] == "3 reused"

    # The same by hand, without reproduce: judged in a run of its own.
    painter = runs("CAN")["run_id"].iloc[0]
    here = {"dataset": "sample", "data_dir": config.data_dir, "workers": 1, "superpixels": 20}
    judge(SuperpixelsConfig(**here, run=painter))
    report(ReportConfig())
    told = runs("report")["run_id"].iloc[-1]
    (tmp_path / "hand").mkdir()
    table = pd.read_csv(io.BytesIO(artifacts(told, tmp_path / "hand")["superpixels.csv"]))
    by_hand = table[table["run_id"] == runs("superpixels sample")["run_id"].iloc[-1]]
    assert by_hand["experiment"].tolist() == ["Eikonal (FMS) of the photo", "CAN d=4, schedule A"]
    assert by_hand["colour"].tolist() == ["mean", "mean"]


def test_what_is_missing_is_told_at_once_and_nothing_is_run(config, tmp_path):
    with pytest.raises(DataError) as error:
        reproduce(replace(config, only=("backprop", "deconv"), data_dir=config.data_dir))
    assert "rules=backprop" in str(error.value)
    assert "rules=deconv" in str(error.value)
    assert str(error.value).count("-e saliency -P") == 2
    with pytest.raises(DataError, match="e prepare -P dataset=sample"):
        reproduce(replace(config, data_dir=str(tmp_path)))
    assert len(read_runs("Default")) == 0


def test_a_recipe_is_what_determines_the_numbers_and_nothing_else(config):
    (row,) = choose_experiments(config)
    plan = plan_training(training(config, row, seed=0))
    moved = plan_training(replace(plan.config, workers=1, device="cpu"))
    other = plan_training(replace(plan.config, seed=1))
    assert plan.recipe() == moved.recipe() != other.recipe()
    assert plan_training(replace(plan.config, epochs=3)).recipe() != plan.recipe()


def test_photos_are_judged_once_whatever_the_seeds_and_splits(config):
    wanted = replace(config, table="superpixels", only=("slic", "eikonal"), split="both")
    slic, eikonal = rows_of(wanted)
    assert (slic.config.method, slic.config.update) == (("slic",), True)
    assert (eikonal.config.method, eikonal.config.update) == (("eikonal",), False)
    assert slic.recipe() != eikonal.recipe()


@pytest.mark.parametrize(("seconds", "words"), [(40, "40 s"), (720, "12 min"), (12600, "3.5 h")])
def test_time_left_in_words(seconds, words):
    assert in_words(seconds) == words
