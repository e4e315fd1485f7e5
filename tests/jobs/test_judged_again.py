"""Scores of painters are reused with the pictures and settings that they were judged by alone."""

from dataclasses import replace

import pandas as pd
import pytest

import seglab.jobs.reproduce as job
from seglab.data.config import PrepareConfig
from seglab.data.pictures import open_pictures
from seglab.data.prepare import prepare
from seglab.jobs.config import ReproduceConfig
from seglab.jobs.reproduce import reproduce
from seglab.jobs.row_run import state_of
from seglab.jobs.rows import SMALL, rows_of
from seglab.superpixels.config import TargetsConfig
from seglab.superpixels.painting import fill_targets
from seglab.tracking.reader import download, read_runs
from tests.data import annotated


@pytest.fixture
def prepared(tmp_path):
    """Prepares a data set in small, with pictures of some parts; the folder is ``tmp_path``."""

    def again(dataset, *parts):
        source = tmp_path / "_".join([dataset, *parts])
        make = annotated.make_bsds if parts else annotated.make_instances
        make(source, *([parts] if parts else []))
        prepare(PrepareConfig(dataset=dataset, data_dir=str(tmp_path), source=str(source)))

    return again


def how():
    """What the latest reproduction did with its rows."""
    runs = read_runs("Default").sort_values("start_time")
    return runs[runs["name"].str.startswith("reproduce")]["tags.seglab.rows"].iloc[-1]


def test_painters_are_judged_again_on_other_pictures(prepared, sqlite_store, tmp_path, monkeypatch):
    tiny = {"width": 2, "epochs": 1, "crop": 8, "batch_size": 2}
    monkeypatch.setitem(SMALL, "superpixels", tiny)
    monkeypatch.setattr(job, "log_report", lambda run, reproduction: None)  # it takes seconds
    prepared("coco")
    prepared("bsds500", "val")
    painting = {"dataset": "coco", "data_dir": str(tmp_path), "superpixels": 8}
    fill_targets(TargetsConfig(workers=1, **painting), open_pictures(str(tmp_path), "coco"))
    config = ReproduceConfig(
        table="superpixels", scale="small", data_dir=str(tmp_path), only=("d4",), seeds=1
    )
    reproduce(config)
    assert how() == "1 run"
    prepared("bsds500", "train", "val", "test")
    reproduce(config)
    assert how() == "1 scored"
    runs = read_runs("Default")
    (painter,) = runs.loc[runs["name"].str.startswith("CAN"), "run_id"]
    rows = pd.read_parquet(download(painter, "superpixels/per_image.parquet", tmp_path / "found"))
    assert set(rows["part"]) == {"train", "val", "test"}

    (row,) = rows_of(config)
    assert state_of(row, runs).step == "scored"
    assert state_of(replace(row, judged_recipe="of other settings"), runs).step == "trained"
