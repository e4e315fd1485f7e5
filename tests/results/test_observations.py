"""From histories and per-picture rows to what tables and verdicts take."""

import math

import pandas as pd
import pytest

from seglab.results.observations import best_and_last, observations
from seglab.results.statistics import crossed
from seglab.results.table import typed
from seglab.results.verdicts import OBSERVATIONS
from tests.results.published import training_run


def history(run_id, **metrics):
    rows = [
        (run_id, f"val/{metric}", step, value)
        for metric, values in metrics.items()
        for step, value in enumerate(values, start=1)
    ]
    return pd.DataFrame(rows, columns=["run_id", "metric", "step", "value"])


def test_the_best_epoch_is_that_of_the_lowest_validation_loss():
    found = best_and_last(
        pd.concat(
            [
                history("a", loss=[0.3, 0.1, 0.2], iou=[0.1, 0.5, 0.6], dice=[0.2, 0.6, 0.7]),
                history("b", loss=[math.nan, 0.4], psnr=[20.0, 21.0]),
                history("c", psnr=[20.0]),
            ]
        )
    )
    assert list(found.index) == ["a", "b"]
    assert found.loc["a"].tolist() == [2, 0.1, 0.5, 0.6, 0.2, 0.6, 0.7]
    assert found.loc["b", ["best_epoch", "best_loss"]].tolist() == [2, 0.4]
    assert found.loc["b", ["best_iou", "last_dice"]].isna().all()
    assert len(best_and_last(history("c"))) == 0


def picture(part="test", threshold=0.5, **changes):
    row = {"image": "pond", "part": part, "threshold": threshold, "tp": 4, "fp": 2, "fn": 1}
    return row | {"tn": 6, "iou": 4 / 7, "margin": 0.3} | changes


def test_observations_are_of_test_pictures_at_the_tables_threshold():
    rows = [picture(), picture(part="val"), picture(threshold=0.4)]
    rows.append(picture(image="full", fp=0, tn=0, margin=math.nan))
    run = training_run(1, "rgb", scores=["0.5 ± 0.1"] * 6, **{"params.seed": "3"})
    found = observations(
        pd.DataFrame([run]), {run["run_id"]: pd.DataFrame(rows)}, best_and_last(history(""))
    )
    assert list(found) == OBSERVATIONS
    assert set(found["experiment"]) == {"icoseg/rgb"}
    assert set(found["seed"]) == {3}
    assert set(found["settings"]) == {"published split, width 64, 20 epochs"}
    values = found.set_index(["image", "score"])["value"]
    assert values["pond", "false_positive_rate"] == pytest.approx(2 / 8)
    assert values["pond", "margin"] == 0.3
    # A picture that is all object has no background and no border.
    assert [score for image, score in values.index if image == "full"] == ["iou"]


def test_a_whole_training_is_observed_by_its_lowest_loss():
    run = training_run(1, "rgb")
    epochs = best_and_last(history(run["run_id"], loss=[0.5, 0.25], iou=[0, 0], dice=[0, 0]))
    found = observations(pd.DataFrame([run]), {}, epochs).set_index("score")["value"]
    assert found.to_dict() == {"best_loss": 0.25, "log_best_loss": -2}


def best_losses(*runs):
    """What is observed of trainings whose lowest losses are 1, 2 …, as they are given."""
    losses = [history(run["run_id"], loss=[n], iou=[0], dice=[0]) for n, run in enumerate(runs, 1)]
    found = observations(pd.DataFrame(runs), {}, best_and_last(pd.concat(losses)))
    return found[found["score"] == "best_loss"]


def test_what_did_not_come_to_its_end_is_no_observation():
    ends = [{"status": "KILLED"}, {"status": "RUNNING"}, {"tags.pruned": "true"}, {}]
    runs = (training_run(number, **end) for number, end in enumerate(ends))
    assert best_losses(*runs)["value"].tolist() == [4]


def test_the_later_of_two_runs_with_one_seed_counts():
    newest_first = [training_run(2), training_run(1), training_run(1, **{"params.seed": "1"})]
    table = crossed(best_losses(*newest_first).rename(columns={"value": "loss"}), "loss")
    assert table[""].to_dict() == {0: 1, 1: 3}


def test_superpixels_of_photos_are_no_observation():
    rows = pd.DataFrame({"image": ["a"], "input": ["photo"], "method": ["slic"], "weight": [1.0]})
    rows = rows.assign(boundary_recall=0.8, compactness_pixels=0.7)
    judging = {"run_id": "a" * 32, "status": "FINISHED", "params.dataset": "bsds500"}
    judging |= {"params.method": "slic", "start_time": pd.Timestamp("2025-01-01", tz="UTC")}
    runs = pd.DataFrame([judging])
    assert typed(runs)["published"].notna().all()
    assert len(observations(runs, {"a" * 32: rows}, best_and_last(history("")))) == 0


def test_numbers_that_are_not_whole_are_empty_and_such_seeds_no_observation():
    typos = {"params.epochs": "2.5", "params.pictures": "1e99", "params.width": "inf"}
    typos |= {"params.seed": "1.5", "tags.seglab.width": None}
    runs = [training_run(1), training_run(2, **typos), training_run(3, **{"params.seed": "one"})]
    rows = typed(pd.DataFrame(runs))
    assert rows.loc[0, ["width", "epochs"]].tolist() == [64, 20]
    assert rows.loc[1, ["width", "epochs", "pictures"]].isna().all()
    assert best_losses(*runs)["value"].tolist() == [1]


def settings_by_run(*runs):
    """Settings under which each run's lowest loss is observed."""
    found = best_losses(*runs)
    return [found.loc[found["value"] == n, "settings"].tolist() for n in range(1, len(runs) + 1)]


SETTINGS = "published split, width 64, 20 epochs"


def test_runs_of_other_parameters_are_not_compared():
    rates = [{"params.learning_rate": "0.1"}, {"params.learning_rate": "0.2", "params.seed": "1"}]
    fast, slow = (training_run(n, "rgb", **rate) for n, rate in enumerate(rates))
    guided = training_run(2, "rgb+guided", **rates[0])
    assert settings_by_run(fast, slow, guided) == [
        [f"{SETTINGS}, learning_rate 0.1"],
        [f"{SETTINGS}, learning_rate 0.2"],
        [f"{SETTINGS}, learning_rate 0.1"],
    ]
    assert settings_by_run(fast, guided) == [[SETTINGS]] * 2


def test_runs_of_one_data_set_before_and_after_it_changed_are_not_compared():
    before, after = ({"tags.seglab.data_digest": digest * 8} for digest in ("1f", "2e"))
    inria = training_run(3, dataset="inria_aerial/subset_chicago", **before)
    runs = [training_run(1, **before), training_run(2, "rgb+guided", **after), inria]
    assert settings_by_run(*runs) == [
        [f"{SETTINGS}, data 1f1f1f1f"],
        [f"{SETTINGS}, data 2e2e2e2e"],
        [SETTINGS],
    ]


def test_rows_without_maps_are_compared_with_those_of_maps_of_each_kind():
    random = {"tags.seglab.saliency": "random"}
    rows = [training_run(0, "rgb"), training_run(1, "rgb+guided", **random)]
    rows += [training_run(2, "rgb+guided")]
    kinds = [f"{SETTINGS}, maps of {kind}" for kind in ("random", "vgg16 · class · raw")]
    assert settings_by_run(*rows) == [kinds, kinds[:1], kinds[1:]]
    assert settings_by_run(*rows[:2]) == [[SETTINGS]] * 2


PAINTER = {"model": "can", "depth": "7", "schedule": "drop", "dataset": "coco", "inputs": "rgb"}
PAINTER |= {"learning_rate": "0.01", "schedule_epochs": "10", "epochs": "80"}


def painter(number, targets, **changes):
    """A row of the superpixel study that learnt ``targets``."""
    params = {f"params.{name}": value for name, value in (PAINTER | changes).items()}
    return training_run(number, "rgb", **params, **{"tags.seglab.targets": targets})


def test_losses_on_other_targets_are_not_compared():
    runs = [painter(n, t) for n, t in enumerate(("400 superpixels", "1000 superpixels"))]
    told = "published split, width 64, 80 epochs"
    assert settings_by_run(*runs) == [
        [f"{told}, targets of 400 superpixels"],
        [f"{told}, targets of 1000 superpixels"],
    ]
    assert (
        settings_by_run(runs[0], painter(2, "400 superpixels", tv_weight="0.050176"))
        == [[told]] * 2
    )


def test_networks_of_either_norm_are_compared_with_their_like():
    described, ran = (
        painter(n, "400 superpixels", norm=norm)
        for n, norm in enumerate(("adaptive", "adaptive_original"))
    )
    told = "published split, width 64, 80 epochs"
    assert settings_by_run(described, ran) == [[told], [f"{told}, norm adaptive_original"]]
    assert settings_by_run(ran) == [[f"{told}, norm adaptive_original"]]


def test_superpixels_are_observed_by_input_and_weight():
    run = painter(1, "400 superpixels")
    rows = [("a", "photo", 3.0, "", 0.8, 0.7), ("a", "network", 7.0, "", 0.9, 0.6)]
    columns = ["image", "input", "weight", "judging", "boundary_recall", "compactness_pixels"]
    pictures = {run["run_id"]: pd.DataFrame(rows, columns=columns)}
    found = observations(pd.DataFrame([run]), pictures, best_and_last(history("")))
    assert set(found["experiment"]) == {"can/schedule-b"}
    assert found.set_index("score")["value"].to_dict() == {
        "photo/3.0/boundary_recall": 0.8,
        "photo/3.0/compactness_pixels": 0.7,
        "network/7.0/boundary_recall": 0.9,
        "network/7.0/compactness_pixels": 0.6,
    }


def test_runs_of_no_published_row_are_no_observations():
    run = training_run(1, "rgb", dataset="folder/mine")
    epochs = best_and_last(history(run["run_id"], loss=[0.5], iou=[0], dice=[0]))
    assert len(observations(pd.DataFrame([run]), {}, epochs)) == 0
