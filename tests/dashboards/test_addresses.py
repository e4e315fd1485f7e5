"""What addresses say: runs by their ids, and only what is not so by itself."""

import streamlit as st
from mlflow import MlflowClient


def test_address_shows_its_own_runs_when_there_are_more_seeds(store, opened):
    first, other = (store.ids[which] for which in (("rgb", 0), ("rgb+guided", 0)))
    app = opened("per_picture", a=first, b=other, part="train")
    assert [app.selectbox(key=side).value for side in "ab"] == [first, other]
    assert not any("Left out" in said.value for said in app.caption)
    app = opened("curves", rows=first)
    assert app.multiselect(key="rows").value == [first]
    (shown,) = [o for o in app.multiselect(key="rows").options if "1 of 2 seeds" in o]
    assert shown == f"UNet RGB · folder/mine · 1 of 2 seeds · {first[:8]}"
    assert not app.info


def test_choice_is_written_beside_the_runs_that_were_shown(store, opened):
    seeds = [store.ids["rgb", seed] for seed in (0, 1)]
    app = opened("per_picture")
    app.selectbox(key="part").set_value("train").run()
    shown = {
        "experiment": "Default", "a": ",".join(seeds), "b": store.ids["rgb+guided", 0],
        "part": "train",
    }  # fmt: skip
    assert app.query_params == shown
    app.selectbox(key="part").set_value("test").run()
    assert app.query_params == {name: shown[name] for name in ("experiment", "a", "b")}


def test_address_rules_over_what_was_chosen_before(store, opened):
    app = opened("pictures", order="name", picture="e")
    app.button[1].click().run()
    assert app.query_params["picture"] == app.selectbox(key="picture").value == "d"
    app.query_params["picture"] = "e"  # as the browser's Back has it
    app.run()
    assert app.selectbox(key="picture").value == "e"


def test_another_experiment_begins_with_its_own_runs(store, opened):
    client = MlflowClient()
    other = client.create_experiment("empty")
    try:
        st.cache_data.clear()
        app = opened("per_picture", experiment="Default")
        app.selectbox(key="experiment").set_value("empty").run()
        assert app.query_params == {"experiment": "empty"}
        (said,) = app.info
        assert "'empty' has no run yet" in said.value
    finally:
        client.delete_experiment(other)
        st.cache_data.clear()
