"""A report's verdicts stand on curves, whatever else was judged of the same networks."""

import pandas as pd
import pytest

from seglab.errors import TrackingError
from seglab.jobs.painted import painted_figures
from seglab.jobs.report import Material, make, per_picture
from seglab.tracking.run import start_run
from tests.results.published import training_run

SCHEDULE_B = {
    "model": "can", "depth": "7", "schedule": "drop", "dataset": "coco", "inputs": "rgb",
    "learning_rate": "0.01", "schedule_epochs": "10", "epochs": "80",
}  # fmt: skip
NO_HISTORY = pd.DataFrame(columns=["run_id", "step", "metric", "value"])


def painter(number):
    """A training that learnt to paint superpixels."""
    params = {f"params.{name}": value for name, value in SCHEDULE_B.items()}
    tags = {"tags.seglab.task": "superpixels", "tags.seglab.experiment_title": "CAN d=7 RGB"}
    return training_run(number, "rgb", dataset="coco", **params, **tags)


def judging(number, target, pictures="photos"):
    """A later run that judged what the network of ``target`` paints of ``pictures``."""
    tags = {"tags.seglab.target_run": target["run_id"], "tags.seglab.dataset_title": pictures}
    run = {"run_id": f"{number:08x}" + "0" * 24, "name": "superpixels", "status": "FINISHED"}
    return run | {"start_time": target["start_time"] + pd.Timedelta(days=1)} | tags


def judged(recalls=None):
    """Rows of two pictures, of the network at weight 7 and of photos at 3 and 7; without
    ``recalls`` as they are of picture files, which have no segments."""
    rows = [
        {
            "image": image, "part": "test", "input": source, "method": "eikonal",
            "weight": weight, "update": False, "asked": 400, "superpixels": 400,
            "compactness_pixels": compactness,
        }
        for source, weight, compactness in (
            ("photo", 3.0, 0.7), ("photo", 7.0, 0.5), ("network", 7.0, 0.8),
        )
        for image in "ab"
    ]  # fmt: skip
    frame = pd.DataFrame(rows).astype({"update": "boolean"})
    if recalls is not None:
        frame.insert(8, "boundary_recall", [recall for recall in recalls for _ in "ab"])
    return frame


def test_losses_of_other_targets_and_norms_are_drawn_apart(tmp_path):
    usual = painter(1) | {"tags.seglab.targets": "400 superpixels"}
    others = [{"tags.seglab.targets": "1000 superpixels"}, {"params.norm": "adaptive_original"}]
    runs = [usual, *(usual | other | {"run_id": f"{n}" * 32} for n, other in enumerate(others))]
    steps = [(run["run_id"], 1, "val/loss", 0.1) for run in runs]
    histories = pd.DataFrame(steps, columns=NO_HISTORY.columns)
    material = Material(pd.DataFrame(runs), histories, {}, {}, tmp_path, [])
    shared = "published split, width 64, 80 epochs"
    drawn = {name: caption.partition(": ")[2] for name, caption, _ in painted_figures(material)}
    assert drawn == {
        "coco_painting": f"coco, {shared}, targets of 400 superpixels",
        "coco_painting_2": f"coco, {shared}, targets of 1000 superpixels",
        "coco_painting_3": f"coco, {shared}, norm adaptive_original",
    }


def compact(tmp_path, *found):
    """Why the verdicts on compactness are what they are, from runs and what they judged."""
    runs = pd.DataFrame([run for run, _ in found])
    rows = {run["run_id"]: rows for run, rows in found}
    made = make(Material(runs, NO_HISTORY, {}, rows, tmp_path, []), tmp_path / "figures")
    return [v.because for v in made.verdicts if v.claim.key == "compactness"]


def test_a_judging_of_other_settings_has_a_verdict_of_its_own_that_names_them(tmp_path):
    trained = painter(1) | {"tags.seglab.judged_title": "bsds500"}
    studys = judged([0.8, 0.9, 0.85])
    alone = compact(tmp_path, (trained, studys))
    assert "difference +0.2, " in alone[0]
    assert alone[0].endswith("(published split, width 64, 80 epochs)")
    fewer = judged([0.8, 0.9, 0.85]).assign(update=True, asked=200, compactness_pixels=0.6)
    by_hand = judging(2, trained, "bsds500")
    of_study, other = compact(tmp_path, (trained, studys), (by_hand, fewer))
    kind = ", judged on bsds500 (test), 400 superpixels, seed colour)"
    assert of_study == alone[0].removesuffix(")") + kind
    assert "difference +0, " in other
    assert other.endswith(", judged on bsds500 (test), 200 superpixels, mean colour)")


def test_a_judging_of_fewer_points_takes_none_from_the_curve(tmp_path):
    trained = painter(1) | {"tags.seglab.judged_title": "bsds500"}
    studys = judged([0.8, 0.9, 0.85])
    by_hand = judging(2, trained, "bsds500")
    one_weight = studys[studys["weight"] == 7.0]
    slic = studys.assign(method="slic")
    alone = compact(tmp_path, (trained, studys))
    for rows in (one_weight, slic):
        assert compact(tmp_path, (trained, studys), (by_hand, rows)) == alone
    (nothing,) = compact(tmp_path, (trained, slic))
    assert nothing.startswith("no scored runs of can/schedule-b")


def test_what_a_network_paints_of_picture_files_does_not_hide_its_curve(tmp_path):
    trained = painter(1)
    by_files = judging(2, trained)
    found = {trained["run_id"]: judged([0.8, 0.9, 0.85]), by_files["run_id"]: judged()}
    runs = pd.DataFrame([trained, by_files])
    made = make(Material(runs, NO_HISTORY, {}, found, tmp_path, []), tmp_path / "figures")
    (compact,) = [v for v in made.verdicts if v.claim.key == "compactness"]
    assert "difference +0.2, " in compact.because
    assert "n = 1 seed × 2 pictures" in compact.because


def test_rows_that_cannot_be_fetched_are_an_error_and_not_a_smaller_table(sqlite_store, tmp_path):
    rows = tmp_path / "per_image.parquet"
    judged().to_parquet(rows)
    with start_run("rows", params={}) as run, start_run("scores alone", params={}) as bare:
        run.artifact(rows, "superpixels")
    found = per_picture([run.id, bare.id], "superpixels", tmp_path / "fetched")
    assert list(found) == [run.id]
    (kept,) = (tmp_path / "mlruns").rglob("per_image.parquet")
    kept.unlink()
    kept.mkdir()
    with pytest.raises(TrackingError, match=f"per_image.parquet' of run {run.id} failed in the st"):
        per_picture([run.id, bare.id], "superpixels", tmp_path / "fetched")
