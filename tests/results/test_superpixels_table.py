"""The table of superpixels: every point with what it is of, photos once, published beside."""

import numpy as np
import pandas as pd
import pytest

from seglab.results.formats import as_text, markdown
from seglab.results.latex import latex
from seglab.results.observations import best_and_last
from seglab.results.page import html
from seglab.results.printed import notes, printed
from seglab.results.report import Report
from seglab.results.superpixels import superpixels_table
from seglab.results.table import painting_table, results_table
from tests.latex import assert_compiles, needs_latex
from tests.results.published import PUBLISHED, training_run

SCHEDULE_B = {
    "model": "can", "depth": "7", "schedule": "drop", "dataset": "coco", "inputs": "rgb",
    "learning_rate": "0.01", "schedule_epochs": "10", "epochs": "80",
}  # fmt: skip
SCORES = ("superpixels", "boundary_recall", "undersegmentation", "compactness_pixels")


def painter(number, judged="bsds500", **changes):
    params = {f"params.{name}": value for name, value in (SCHEDULE_B | changes).items()}
    tags = {"tags.seglab.task": "superpixels", "tags.seglab.experiment_title": "CAN d=7 RGB"}
    tags |= {"tags.seglab.judged_title": judged} if judged else {}
    return training_run(number, "rgb", dataset="coco", **params, **tags)


def learnt(run, digest, targets=""):
    """``run`` with what it says of its targets; earlier versions told the digest alone."""
    told = {"tags.seglab.targets": targets} if targets else {}
    return run | {"tags.seglab.targets_digest": digest} | told


def painting(*runs):
    """The table of losses of ``runs``, which are 0.001, 0.002 and so on."""
    losses = [
        {"run_id": run["run_id"], "step": 3, "metric": "val/loss", "value": number / 1000}
        for number, run in enumerate(runs, start=1)
    ]
    return painting_table(pd.DataFrame(runs), best_and_last(pd.DataFrame(losses)))


def by_hand(number, target=""):
    run = {"run_id": f"{number:08x}" + "0" * 24, "name": "superpixels bsds500"}
    run |= {"status": "FINISHED", "start_time": pd.Timestamp("2025-02-01", tz="UTC")}
    run |= {"tags.seglab.dataset_title": "bsds500", "tags.seglab.judged_title": "bsds500"}
    return run | ({"tags.seglab.target_run": target} if target else {})


def rows(*points, part="test", update=False):
    """Two pictures a point: (input, method, weight, recall, compactness), 0.1 apart."""
    found = [
        (
            *(image, part, source, method, weight, update if method == "eikonal" else None, 400),
            *(400, recall + off, 0.04, compactness + off),
        )
        for source, method, weight, recall, compactness in points
        for image, off in (("a", -0.05), ("b", 0.05))
    ]
    columns = ["image", "part", "input", "method", "weight", "update", "asked", *SCORES]
    return pd.DataFrame(found, columns=columns).astype({"update": "boolean", "weight": float})


PHOTO = ("photo", "eikonal", 7.0, 0.9, 0.5)
NETWORK = ("network", "eikonal", 7.0, 0.8, 0.7)


def table_of(runs, judged):
    return superpixels_table(pd.DataFrame(runs), {run["run_id"]: j for run, j in judged})


def test_every_point_of_a_sweep_is_a_row_and_photos_stand_first():
    run = painter(1)
    points = [PHOTO, ("photo", "eikonal", 3.0, 0.8, 0.6), NETWORK]
    table = table_of([run], [(run, rows(*points, ("network", "eikonal", 3.0, 0.7, 0.8)))])
    shown = table.rows[["experiment", "weight", "colour", "parts", "seeds"]].to_numpy().tolist()
    photo, network = "Eikonal (FMS) of the photo", "CAN d=7, schedule B"
    assert shown == [
        [photo, 7, "seed", "test", ""],
        [photo, 3, "seed", "test", ""],
        [network, 7, "seed", "test", "0"],
        [network, 3, "seed", "test", "0"],
    ]
    assert table.rows["boundary_recall"].tolist() == pytest.approx([0.9, 0.8, 0.8, 0.7])


def test_published_figures_stand_beside_the_studys_points_alone():
    run, hand = painter(1), by_hand(2)
    slic = ("photo", "slic", 10.0, 0.8, 0.3)
    judged = [(run, rows(PHOTO, NETWORK)), (hand, rows(slic, ("photo", "slic", 20.0, 0.8, 0.3)))]
    found = table_of([run, hand], judged).rows.set_index(["experiment", "weight"])
    published = found["compactness_pixels_published"]
    assert published["SLIC of the photo", 10] == 0.31
    assert published["Eikonal (FMS) of the photo", 7] == 0.48
    assert published["CAN d=7, schedule B", 7] == 0.7682
    assert np.isnan(published["SLIC of the photo", 20])
    difference = found["boundary_recall_difference"]["CAN d=7, schedule B", 7]
    assert difference == pytest.approx(0.8 - 0.8781)
    # Fronts that compare with running means are not the study's, nor are other pictures.
    running = table_of([hand], [(hand, rows(PHOTO, update=True))]).rows
    other = painter(1, judged="folder/mine")
    for table in (running, table_of([other], [(other, rows(PHOTO, NETWORK))]).rows):
        assert table["compactness_pixels_published"].isna().all()


def test_photos_that_several_runs_judged_are_one_row_and_seeds_are_one():
    runs = [painter(n, **{"seed": str(n - 1)}) for n in (1, 2)]
    other = ("network", "eikonal", 7.0, 0.6, 0.7)
    judged = [(runs[0], rows(PHOTO, NETWORK)), (runs[1], rows(PHOTO, other))]
    table = table_of(runs, judged).rows
    assert table["experiment"].tolist() == ["Eikonal (FMS) of the photo", "CAN d=7, schedule B"]
    assert table["seeds"].tolist() == ["", "0,1"]
    assert table["boundary_recall"][1] == pytest.approx(0.7)
    assert table["boundary_recall_seeds"][1] == pytest.approx(np.std([0.8, 0.6], ddof=1))


def test_the_last_epoch_of_a_network_stands_below_its_best_one():
    run = painter(1)
    judged = rows(PHOTO, NETWORK)
    network = judged["input"] == "network"
    judged["boundary_recall_last"] = judged["boundary_recall"].where(network) - 0.3
    table = table_of([run], [(run, judged)])
    assert table.rows["boundary_recall_last"].tolist()[1] == pytest.approx(0.5)
    cells = printed(table)
    assert cells["Line"].tolist().count("last epoch") == 1
    below = cells[(cells["Line"] == "last epoch") & (cells.index == table.rows.index[1])]
    assert below["Mean BR"].tolist() == ["0.5"]
    assert below["Mean UE"].tolist() == ["–"]
    assert any("last epoch" in note for note in notes(table))


def test_a_network_judged_by_hand_is_named_and_one_never_judged_is_told():
    run, idle, hand = painter(1, judged=""), painter(3, judged=""), by_hand(2, painter(1)["run_id"])
    table = table_of([run, idle, hand], [(hand, rows(PHOTO, NETWORK))])
    assert table.rows["experiment"].tolist()[1] == "CAN d=7, schedule B"
    assert table.rows["run_id"].tolist() == [hand["run_id"]] * 2
    assert table.unevaluated == ("00000003",)
    assert "-e superpixels -P run=<id> scores one" in notes(table)[-1]
    # The table of masks does not call painters unscored.
    masks = training_run(4, "rgb", scores=PUBLISHED["icoseg/subset_80"]["rgb"])
    assert results_table(pd.DataFrame([run, idle, hand, masks])).unevaluated == ()


def test_other_parts_are_other_rows():
    run, hand = painter(1), by_hand(2, painter(1)["run_id"])
    both = [(run, rows(PHOTO, NETWORK)), (hand, rows(PHOTO, NETWORK, part="val"))]
    assert table_of([run, hand], both).rows["parts"].tolist() == ["test", "test", "val", "val"]


def test_every_format_names_weight_parts_and_compactness():
    run = painter(1)
    table = table_of([run], [(run, rows(PHOTO, NETWORK))])
    text = as_text(Report([table]))
    assert "bsds500 · judged on test · weight 7 · seed colour · width 64 · 80 epochs" in text
    assert max(map(len, text.splitlines())) <= 120
    assert printed(table)["Line"].tolist() == ["measured", "published", "difference"] * 2
    for made in (markdown(Report([table])), latex([table]), html(Report([table]))):
        assert "by rim" in made
        assert "by edges" in made
        assert "judged on test" in made.lower()


MANY, FEW = "1000 superpixels · color 7 · mask 10", "400 superpixels · color 7 · mask 10"


def test_painters_of_other_targets_are_other_rows_that_name_them():
    runs = [learnt(painter(n, seed=str(n)), t, t) for n, t in enumerate((FEW, MANY, FEW))]
    table = painting(*runs)
    assert table.rows[["targets", "seeds"]].to_numpy().tolist() == [[FEW, "0,2"], [MANY, "1"]]
    assert list(filter(None, printed(table)["Targets"])) == [FEW, MANY]
    # A loss on other targets is no worse, nor better.
    assert table.best(table.columns[1]).tolist() == [True, True]
    text = as_text(Report([table]))
    assert all(f"learnt from {targets}" in text for targets in (FEW, MANY))
    judged = table_of(runs, [(run, rows(NETWORK)) for run in runs]).rows
    title = "CAN d=7, schedule B, targets"
    assert judged["experiment"].tolist() == [f"{title} {FEW}", f"{title} {MANY}"]
    assert judged["seeds"].tolist() == ["0,2", "1"]


def test_targets_that_all_painters_learnt_are_said_once():
    runs = [learnt(painter(n, seed=str(n)), FEW, FEW) for n in range(2)]
    table = painting(*runs)
    assert table.rows["seeds"].tolist() == ["0,1"]
    assert f", learnt from {FEW}" in markdown(Report([table]))


def test_painters_of_earlier_versions_are_grouped_by_the_digest_of_their_targets():
    runs = [learnt(painter(n, seed=str(n)), digest) for n, digest in enumerate(["a" * 32] * 2)]
    runs += [learnt(painter(2, seed="2"), "b" * 32)]
    rows_of = painting(*runs).rows
    assert rows_of["targets"].tolist() == ["digest aaaaaaaa", "digest bbbbbbbb"]
    assert rows_of["seeds"].tolist() == ["0,1", "2"]
    # The same targets under the name that another run gives them are the same.
    new = learnt(painter(3, seed="3"), "a" * 32, FEW)
    rows_of = painting(*runs, new).rows
    assert rows_of[["targets", "seeds"]].to_numpy().tolist() == [
        [FEW, "0,1,3"], ["digest bbbbbbbb", "2"],
    ]  # fmt: skip


def test_the_norm_that_the_study_really_ran_stands_beside_its_figures_under_a_name():
    described, ran = painter(1, norm="adaptive"), painter(2, norm="adaptive_original")
    found = table_of([described, ran], [(run, rows(NETWORK)) for run in (described, ran)]).rows
    assert found["experiment"].tolist() == [
        "CAN d=7, schedule B", "CAN d=7, schedule B, norm adaptive_original",
    ]  # fmt: skip
    assert found["compactness_pixels_published"].tolist() == [0.7682] * 2
    alone = table_of([ran], [(ran, rows(NETWORK))]).rows
    assert alone["experiment"].tolist() == ["CAN d=7, schedule B, norm adaptive_original"]


@needs_latex
def test_latex_compiles(tmp_path):
    run = painter(1)
    painted = painting(learnt(run, "a" * 32, FEW))
    judged = table_of([run], [(run, rows(PHOTO, NETWORK))])
    assert_compiles(latex([painted, judged]), tmp_path)


def test_only_trainings_that_came_to_their_end_have_a_loss_in_the_table():
    ends = [{"status": "KILLED"}, {"status": "RUNNING"}, {"tags.pruned": "true"}]
    runs = [painter(number) | end for number, end in enumerate(ends)]
    losses = [
        {"run_id": run["run_id"], "step": 1, "metric": "val/loss", "value": 0.001}
        for run in [*runs, painter(9)]
    ]
    epochs = best_and_last(pd.DataFrame(losses))
    assert painting_table(pd.DataFrame(runs), epochs) is None
    table = painting_table(pd.DataFrame([*runs, painter(9)]), epochs)
    assert table.rows["run_id"].tolist() == [painter(9)["run_id"]]
    # A pruned trial has no model to judge.
    judged = table_of([*runs, painter(9)], [(painter(9), rows(PHOTO, NETWORK))])
    assert judged.unevaluated == ("00000000 KILLED", "00000001 RUNNING")


def test_without_judged_superpixels_there_is_no_table():
    assert superpixels_table(pd.DataFrame([painter(1)]), {}) is None
