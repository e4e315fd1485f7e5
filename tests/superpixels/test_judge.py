"""Rows of judged superpixels: hand-made pictures with known scores, real processes."""

import pickle
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from seglab.data.decode import read_image
from seglab.errors import ConfigError, DataError
from seglab.superpixels.config import SuperpixelsConfig
from seglab.superpixels.judge import Files, Judge, judge, recall_at, summary
from seglab.superpixels.metrics import score_row
from seglab.superpixels.outlines import RED, outlined
from seglab.superpixels.segment import SWEEPS, segment

HALVES = np.zeros((12, 24, 3), np.uint8)
HALVES[:, 12:] = 200
QUARTERS = HALVES.copy()
QUARTERS[6:] += 50
LEFT_RIGHT = (HALVES[..., 0] > 0).astype(np.uint16)
TOP_BOTTOM = np.repeat([[0], [1]], 6, axis=0).repeat(24, axis=1).astype(np.uint16)


@dataclass(frozen=True)
class Drawn:
    """Two pictures with two annotators each, as a prepared data set has them: read-only."""

    def image(self, name):
        pixels = {"halves": HALVES, "quarters": QUARTERS}[name].view()
        pixels.flags.writeable = False
        return pixels

    def segments(self, name):
        return np.stack([LEFT_RIGHT, TOP_BOTTOM])


@dataclass(frozen=True)
class Mirrored:
    """A "network" that turns pictures round, and leaves a file for each time it is asked."""

    folder: object

    def __call__(self, name):
        asked = len(list(self.folder.iterdir()))
        (self.folder / f"{asked}-{name}").touch()
        return np.ascontiguousarray(Drawn().image(name)[:, ::-1])


NAMES = {"train": ["halves"], "test": ["quarters"]}


def config(**values):
    return SuperpixelsConfig(**{"superpixels": 8, "workers": 1, **values})


def test_recall_at_a_compactness_lies_between_the_points_of_the_sweep():
    curve = pd.DataFrame(
        {"compactness_pixels": [0.9, 0.5, 0.6], "boundary_recall": [0.7, 0.95, 0.9]}
    )
    assert recall_at(curve, 0.75) == pytest.approx(0.8)
    assert recall_at(curve, 0.5) == 0.95
    with pytest.raises(ConfigError, match=r"--compactness=0\.4 lies outside 0\.500 … 0\.900"):
        recall_at(curve, 0.4)


def test_a_row_holds_what_was_segmented_and_its_scores():
    rows = judge(config(color_weight=(3.0, 7.0)), Drawn(), NAMES)
    assert rows["image"].tolist() == ["halves"] * 2 + ["quarters"] * 2
    assert rows["part"].tolist() == ["train"] * 2 + ["test"] * 2
    assert rows["weight"].tolist() == [3.0, 7.0] * 2
    assert set(rows["input"]) == {"photo"}
    assert rows["update"].tolist() == [True] * 4
    assert set(rows["asked"]) == {8}
    labels = segment("eikonal", QUARTERS, 8, 7.0, True)
    expected = score_row(labels, QUARTERS, [LEFT_RIGHT, TOP_BOTTOM])
    row = rows.iloc[3]
    assert {name: row[name] for name in expected} == pytest.approx(expected)
    assert row["superpixels"] == 8
    assert (rows["seconds"] > 0).all()


def test_scores_against_annotators_are_their_mean():
    # A grid of 2 × 4 cells meets both annotators' borders: nothing is missed.
    rows = judge(config(method=("grid",)), Drawn(), {"test": ["halves"]})
    (row,) = rows.to_dict("records")
    assert row["boundary_recall"] == row["boundary_recall_3x3"] == 1
    assert row["undersegmentation"] == 0
    assert row["compactness"] == pytest.approx(np.pi / 4)
    assert np.isnan(row["weight"])
    assert pd.isna(row["update"])


def test_baselines_run_through_their_own_weights_where_colour_is_swept():
    methods = ("eikonal", "slic", "watershed")
    rows = judge(config(method=methods, color_weight=(2.0, 7.0)), Drawn(), {"test": ["halves"]})
    assert rows[rows["method"] == "slic"]["weight"].tolist() == list(SWEEPS["slic"])
    assert (rows["method"] == "watershed").sum() == 1


def test_a_network_is_asked_once_a_picture_and_judged_beside_and_on_the_photo(tmp_path):
    given = config(color_weight=(2.0, 7.0), method=("eikonal", "grid"))
    rows = judge(given, Drawn(), NAMES, {"network": Mirrored(tmp_path)})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0-halves", "1-quarters"]
    assert rows["input"].value_counts().to_dict() == {"photo": 6, "network": 6}
    network = rows[(rows["input"] == "network") & (rows["image"] == "quarters")].iloc[0]
    labels = segment("eikonal", np.ascontiguousarray(QUARTERS[:, ::-1]), 8, 2.0, True)
    expected = score_row(labels, QUARTERS, [LEFT_RIGHT, TOP_BOTTOM])
    assert network["explained_variation"] == pytest.approx(expected["explained_variation"])


def test_processes_give_the_same_rows_in_the_same_order():
    given = {"method": ("eikonal", "grid"), "color_weight": (2.0, 7.0)}
    one, two = (
        judge(config(**given, workers=workers), Drawn(), NAMES).drop(columns="seconds")
        for workers in (1, 2)
    )
    pd.testing.assert_frame_equal(one, two)


def test_a_judge_can_be_sent_to_other_processes():
    work = Judge(config(), Drawn())
    assert pickle.loads(pickle.dumps(work)) == work


def test_summary_is_the_mean_over_pictures_in_the_order_of_the_sweep():
    methods = ("grid", "eikonal")
    rows = judge(config(method=methods, color_weight=(7.0, 2.0)), Drawn(), NAMES)
    means = summary(rows)
    assert means["method"].tolist() == ["grid", "eikonal", "eikonal"]
    assert means["weight"].fillna(-1).tolist() == [-1, 7.0, 2.0]
    assert means["pictures"].tolist() == [2, 2, 2]
    at_seven = rows[rows["weight"] == 7.0]
    for score in ("boundary_recall", "compactness", "superpixels", "seconds"):
        assert means[score][1] == pytest.approx(at_seven[score].mean())


def test_files_are_segmented_without_annotators_and_labels_are_kept(tmp_path):
    Image.fromarray(QUARTERS).save(tmp_path / "mine.png")
    files = Files({"mine": tmp_path / "mine.png"})
    given = config(images=str(tmp_path), color_weight=(7.0, 0.5), method=("eikonal", "grid"))
    rows = judge(given, files, {"": ["mine"]}, folder=tmp_path / "kept")
    assert "boundary_recall" not in rows
    assert rows["explained_variation"].iloc[0] == 1
    kept = sorted(path.relative_to(tmp_path / "kept") for path in tmp_path.rglob("kept/**/*.png"))
    points = ("eikonal_0.5", "eikonal_7", "grid")
    expected = [f"{kind}/photo/{p}/mine.png" for kind in ("boundaries", "labels") for p in points]
    assert [str(path) for path in kept] == expected
    labels = segment("eikonal", QUARTERS, 8, 7.0, True)
    with Image.open(tmp_path / "kept/labels/photo/eikonal_7/mine.png") as stored:
        assert stored.mode == "I;16"
        np.testing.assert_array_equal(np.asarray(stored), labels)
    drawn = read_image(tmp_path / "kept/boundaries/photo/eikonal_7/mine.png")
    np.testing.assert_array_equal(drawn, outlined(QUARTERS, labels))


def test_more_superpixels_than_labels_can_number_are_refused_not_renumbered(tmp_path):
    """Of noise, felzenszwalb makes far more regions than it is asked for."""
    noise = np.random.default_rng(0).integers(0, 256, (320, 320, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    given = config(images=str(tmp_path), method=("felzenszwalb",), superpixels=2**15)
    files = Files({"noise": tmp_path / "noise.png"})
    with pytest.raises(
        DataError, match=r"\d{5,} superpixels .*/felzenszwalb_10/noise\.png.* 65536"
    ):
        judge(given, files, {"": ["noise"]}, folder=tmp_path / "kept")
    assert not (tmp_path / "kept").exists()


def test_outlines_are_one_pixel_wide_and_leave_the_picture_alone():
    labels = LEFT_RIGHT.astype(int)
    drawn = outlined(HALVES, labels)
    changed = (drawn != HALVES).any(axis=-1)
    assert np.argwhere(changed.any(axis=0)).ravel().tolist() == [11]
    assert drawn[0, 11].tolist() == list(RED)
