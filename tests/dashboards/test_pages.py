"""Every page, run by Streamlit's own AppTest on a real store."""

import pandas as pd
import pytest
import streamlit as st
from mlflow import MlflowClient

from seglab.results.live import live
from seglab.results.table import results_table
from seglab.tracking.reader import read_runs

POINT = {"image": "a", "part": "test", "input": "photo", "method": "eikonal", "weight": 7.0}
POINT |= {"update": False, "asked": 400, "superpixels": 400, "boundary_recall": 0.9}
POINT |= {"undersegmentation": 0.04, "compactness": 0.3, "compactness_pixels": 0.5}
PAGES = ("results", "curves", "pictures", "per_picture", "run")


def forget():
    """Has pages read the store anew, which counts its versions from the start then."""
    live.cache_clear()
    st.cache_data.clear()


def test_pages_show_what_they_are_for(store, toured):
    for page, app in toured(PAGES):
        assert app.title[0].value == page.replace("_", " ").capitalize()
        assert not app.warning, [warning.value for warning in app.warning]
        assert not app.info


def test_results_are_those_of_report(store, opened):
    table = results_table(read_runs("Default"))
    shown = opened().dataframe[0].value
    assert shown["", "Experiment"].tolist() == ["UNet RGB", "UNet RGB SAL MAP GUIDED"]
    for (_, row), (_, line) in zip(table.rows.iterrows(), shown.iterrows(), strict=True):
        for score in ("iou", "dice"):
            name = {"iou": "Test IoU", "dice": "Test Dice"}[score]
            mean, std = row[f"test_{score}"], row[f"test_{score}_std"]
            assert line[name, "measured"] == f"{mean:.3f} ± {std:.3f}"
            assert line[name, "last epoch"] == f"{mean / 2:.3f} ± {std / 2:.3f}"
    spread = table.rows["test_iou_seeds"].iloc[0]
    assert shown["Test IoU", "over seeds"].tolist() == [f"± {spread:.3f}", "–"]
    assert shown["", "Run"].str.contains(store.ids["rgb", 0]).tolist() == [True, False]


def test_results_are_filtered_sorted_and_chosen_by_the_address(store, opened):
    app = opened(words="guided", columns=["Val IoU"], sort="Val IoU")
    assert list(app.dataframe[0].value["", "Experiment"]) == ["UNet RGB SAL MAP GUIDED"]
    assert {"Val IoU"} == set(app.dataframe[0].value.columns.get_level_values(0)) - {""}


def test_filter_that_matches_nothing_is_said(store, opened):
    app = opened(words="zebra")
    assert not app.dataframe
    assert "No row has all that is chosen above" in app.info[0].value


def test_scores_are_chosen_again_after_another_view(store, opened):
    app = opened()
    chosen = {}
    for view in ("Whole pictures", "Best and last epoch", "Whole pictures"):
        app.segmented_control(key="view").set_value(view).run()
        (pills,) = [group for group in app.pills if group.label == "Scores"]
        assert pills.value == chosen.setdefault(view, pills.value) != []


def test_scores_of_the_best_and_the_last_epoch(store, opened):
    shown = opened(view="Best and last epoch").dataframe[0].value
    assert shown["Best epoch Epoch", "measured"].tolist() == ["5.00", "5.00"]


def test_next_picture_is_the_next_one(store, opened):
    app = opened("pictures", order="name")
    assert app.selectbox(key="picture").value == "d"
    app.button[1].click().run()
    assert app.selectbox(key="picture").value == "e"
    app.button[1].click().run()
    assert app.selectbox(key="picture").value == "d"


def test_another_order_stays_at_the_picture(store, opened):
    app = opened("pictures", order="name", picture="e")
    for order in ("disagreement", "score", "name"):
        app.selectbox(key="order").set_value(order).run()
        assert app.selectbox(key="picture").value == "e"


def test_run_is_told_with_its_command_and_its_link(store, opened):
    run = store.ids["rgb", 1]
    app = opened("run", run=run)
    assert app.header[0].value == "UNet RGB"
    assert app.code[0].value == run
    assert "-e train -P dataset=folder -P inputs=rgb -P epochs=5 -P seed=1" in app.code[1].value
    scores = app.dataframe[0].value.set_index("Part")
    table = results_table(read_runs("Default").query("run_id == @run")).rows.iloc[0]
    assert scores.loc["test", "IoU"] == f"{table['test_iou']:.3f} ± {table['test_iou_std']:.3f}"
    assert list(scores.index) == ["train", "val", "test"]
    (link,) = app.get("link_button")
    assert link.proto.url == f"http://mlflow.example/#/experiments/0/runs/{run}"


def test_list_of_runs_says_which_are_scored(store, opened):
    runs = opened("run").dataframe[0].value
    table = results_table(read_runs("Default")).rows
    (guided,) = runs[runs["name"] == "UNet RGB SAL MAP GUIDED"]["Test IoU"]
    assert guided == f"{table['test_iou'].iloc[1]:.3f}"
    client = MlflowClient()
    title = {"seglab.experiment_title": "UNet RGB"}
    new = [client.create_run("0", tags=tags).info.run_id for tags in (title, {})]
    try:
        live.cache_clear()
        runs = opened("run").dataframe[0].value
        assert runs["Test IoU"].tolist()[:2] == ["–", "not scored"]
    finally:
        live.cache_clear()
        for run in new:
            client.delete_run(run)


@pytest.fixture
def superpixels(store, tmp_path):
    """Ids of a run that judged a photo, and of a painter that nothing judged."""
    client, folder = MlflowClient(), tmp_path / "superpixels"
    folder.mkdir()
    pd.DataFrame([POINT]).to_parquet(folder / "per_image.parquet")
    pd.DataFrame([POINT]).to_csv(folder / "summary.csv")
    judging = client.create_run("0", tags={"seglab.judged_title": "bsds500"}).info.run_id
    client.log_metric(judging, "superpixels/photo/eikonal/boundary_recall", 0.9)
    client.log_artifacts(judging, str(folder), "superpixels")
    tags = {"seglab.experiment_title": "CAN d=7 RGB", "seglab.task": "superpixels"}
    painter = client.create_run("0", tags=tags).info.run_id
    live.cache_clear()
    yield judging, painter
    live.cache_clear()
    for run in (judging, painter):
        client.delete_run(run)


def test_painters_that_nothing_judged_are_named(superpixels, opened):
    app = opened(view="Superpixels")
    assert app.dataframe[0].value["", "Experiment"].tolist() == ["Eikonal (FMS) of the photo"]
    (said,) = [line.value for line in app.caption if "without scores" in line.value]
    assert said.startswith("1 training run without scores")
    assert f"-P run=<id>` scores one. Their ids begin {superpixels[1][:8]}" in said


def test_difference_is_told_with_its_interval(store, opened):
    app = opened("per_picture", part="train")
    assert "B − A: mean IoU **+" in app.markdown[0].value
    assert "2 pictures × 1 seed" in app.markdown[0].value
    assert any("of seed 0 of both. Left out: seed 1 of A" in said.value for said in app.caption)


def test_two_seeds_are_compared_where_there_is_one_row(store, opened):
    (other,) = [run for (inputs, _), run in store.ids.items() if inputs != "rgb"]
    MlflowClient().delete_run(other)
    try:
        live.cache_clear()
        app = opened("per_picture")
        chosen = [app.selectbox(key=side).value for side in "ab"]
        assert chosen == [store.ids["rgb", seed] for seed in (0, 1)]
    finally:
        MlflowClient().restore_run(other)
        live.cache_clear()


def test_a_scored_seed_beside_one_that_is_not_has_nothing_to_be_compared_with(store, opened):
    client, kept = MlflowClient(), store.ids["rgb", 0]
    others = [run for run in store.ids.values() if run != kept]
    like = client.get_run(kept).data
    run = client.create_run("0", tags=like.tags).info.run_id
    for name, value in (like.params | {"seed": "7"}).items():
        client.log_param(run, name, value)
    for other in others:
        client.delete_run(other)
    try:
        forget()
        (said,) = opened("per_picture").info
        assert said.value.startswith("1 scored run in this experiment, and two are compared")
    finally:
        client.delete_run(run)
        for other in others:
            client.restore_run(other)
        forget()


def test_runs_of_two_versions_of_a_data_set_are_not_scored_against_one_mask(store, opened):
    client = MlflowClient()
    first, guided = store.ids["rgb", 0], store.ids["rgb+guided", 0]
    digest = client.get_run(guided).data.tags["seglab.data_digest"]
    client.set_tag(guided, "seglab.data_digest", "f" * len(digest))
    try:
        forget()
        (said,) = opened("pictures", runs=[first, guided]).info
        assert "was scored on other pictures than" in said.value
        assert "choose runs of one version of the data set" in said.value
        app = opened("pictures")
        assert len(app.multiselect(key="runs").value) == 1
        assert not app.info
    finally:
        client.set_tag(guided, "seglab.data_digest", digest)
        forget()


def test_a_run_of_another_making_is_shown_with_the_scores_it_has(store, opened):
    client = MlflowClient()
    run = client.create_run("0").info.run_id
    client.log_metric(run, "evaluation/test/iou", 0.5)
    try:
        forget()
        assert run[:8] in " ".join(opened().dataframe[0].value["", "Run"])
        (scores,) = opened("run", run=run).dataframe[0].value.to_dict("records")
        assert scores == {"Part": "test", "IoU": "0.500"}
    finally:
        client.delete_run(run)
        forget()
