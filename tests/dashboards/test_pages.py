"""Every page, run by Streamlit's own AppTest on a real store."""

from seglab.results.printed import mean_and_std
from seglab.results.table import results_table
from seglab.tracking.reader import read_runs

PAGES = ("results", "curves", "pictures", "per_picture", "run")


def test_pages_show_what_they_are_for(store, toured):
    for page, app in toured(PAGES):
        assert app.title[0].value == page.replace("_", " ").capitalize()
        assert not app.warning, [warning.value for warning in app.warning]
        assert not app.info


def test_results_are_those_of_report(store, opened):
    table = results_table(read_runs("Default"))
    shown = opened(beside=["over seeds"]).dataframe[0].value
    assert shown["Experiment"].tolist() == ["UNet RGB", "UNet RGB SAL MAP GUIDED"]
    for (_, row), (_, line) in zip(table.rows.iterrows(), shown.iterrows(), strict=True):
        for score in ("iou", "dice"):
            name = {"iou": "IoU", "dice": "Dice"}[score]
            printed = mean_and_std(row[f"test_{score}"], row[f"test_{score}_std"], " ± ")
            assert line[f"Test {name}"] == printed
    assert "Test IoU ± over seeds" in shown
    assert shown["Run"].str.contains(store.ids["rgb", 0]).tolist() == [True, False]


def test_results_are_filtered_sorted_and_chosen_by_the_address(store, opened):
    app = opened(words="guided", columns=["Val IoU"], sort="Val IoU")
    assert list(app.dataframe[0].value["Experiment"]) == ["UNet RGB SAL MAP GUIDED"]
    assert "Val IoU" in app.dataframe[0].value
    assert "Test IoU" not in app.dataframe[0].value


def test_scores_of_the_best_and_the_last_epoch(store, opened):
    shown = opened(view="Best and last epoch", columns=["Best epoch Epoch"]).dataframe[0].value
    assert shown["Best epoch Epoch"].tolist() == ["5.0", "5.0"]


def test_next_picture_is_the_next_one(store, opened):
    app = opened("pictures", order="name")
    assert app.selectbox(key="picture").value == "d"
    app.button[1].click().run()
    assert app.selectbox(key="picture").value == "e"
    app.button[1].click().run()
    assert app.selectbox(key="picture").value == "d"


def test_run_is_told_with_its_command_and_its_link(store, opened):
    run = store.ids["rgb", 1]
    app = opened("run", run=run)
    assert app.header[0].value == "UNet RGB"
    assert app.code[0].value == run
    assert "-e train -P dataset=folder -P inputs=rgb -P epochs=5 -P seed=1" in app.code[1].value
    (link,) = app.get("link_button")
    assert link.proto.url == f"http://mlflow.example/#/experiments/0/runs/{run}"


def test_difference_is_told_with_its_interval(store, opened):
    app = opened("per_picture", part="train")
    assert "B − A: mean IoU **+" in app.markdown[0].value
    assert "2 pictures × 1 seed" in app.markdown[0].value
