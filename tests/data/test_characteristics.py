from pathlib import Path

import numpy as np
import pytest

from seglab.data.characteristics import class_rows, picture_rows, statistics
from seglab.data.config import PrepareConfig
from seglab.data.pictures import PictureSet
from seglab.data.prepare import prepare
from tests.data.annotated import make_bsds, make_instances, make_panoptic
from tests.data.folders import make_folder, write_lists

PIXELS = 80
"""Of each picture of the small COCO and BSDS500."""


def prepared(root: Path, dataset: str) -> PictureSet:
    return prepare(PrepareConfig(dataset=dataset, data_dir=str(root), source=str(root / "source")))


def test_rows_of_instances(tmp_path: Path) -> None:
    make_instances(tmp_path / "source")
    rows = picture_rows(prepared(tmp_path, "coco"))
    assert list(rows["part"]) == ["train", "train", "val"]
    assert set(rows["height"]) == {8}
    assert set(rows["width"]) == {10}
    # The crowd is no segment; the second and third picture have no annotations.
    assert list(rows["segments"]) == [2, 0, 0]
    assert list(rows["foreground"]) == [36 / PIXELS, 0, 0]


def test_rows_of_several_annotators(tmp_path: Path) -> None:
    make_bsds(tmp_path / "source", ("test",))
    pictures = prepared(tmp_path, "bsds500")
    rows = picture_rows(pictures)
    # 1 + 2 + 3 + 4 segments of four people, 1 + … + 5 of five.
    assert list(rows["segments"]) == [10 / 4, 15 / 5]
    assert rows["foreground"].isna().all()
    assert len(class_rows(pictures.segment_rows())) == 0
    assert list(statistics(rows).index) == ["height", "width", "segments"]


def test_rows_of_masks(tmp_path: Path) -> None:
    names = ["a", "b", "c"]
    make_folder(tmp_path / "source", names)
    write_lists(tmp_path / "source", {"train": ["a"], "val": ["b"], "test": ["c"]})
    pictures = prepared(tmp_path, "folder")
    rows = picture_rows(pictures)
    assert list(rows["image"]) == names
    assert list(rows["part"]) == ["train", "val", "test"]
    assert list(rows["height"]) == [20, 21, 22]
    assert rows["segments"].isna().all()
    assert list(rows["foreground"]) == [pictures.mask(name).mean() for name in names]
    assert len(class_rows(pictures.segment_rows())) == 0


def test_class_shares_of_instances(tmp_path: Path) -> None:
    make_instances(tmp_path / "source")
    classes = class_rows(prepared(tmp_path, "coco").segment_rows())
    assert classes.to_dict("list") == {
        "category": ["car", "person"],
        "thing": [True, True],
        "segments": [1, 1],
        "pictures": [1, 1],
        "area": [4, 32],
        "segment_share": [0.5, 0.5],
        "area_share": [4 / 36, 32 / 36],
    }


def test_class_shares_of_panoptic_segments(tmp_path: Path) -> None:
    make_panoptic(tmp_path / "source")
    pictures = prepared(tmp_path, "coco")
    classes = class_rows(pictures.segment_rows()).set_index("category")
    # All three pictures: three rows of sky, two of a person, two of a crowd of cars, one void.
    assert list(classes.index) == ["person", "sky"]
    assert classes.loc["sky", "area"] == 3 * 30
    assert classes.loc["person", "area_share"] == pytest.approx(2 / 5)
    assert not classes.loc["sky", "thing"]
    assert set(picture_rows(pictures)["foreground"]) == {50 / PIXELS}


def test_statistics_leave_out_what_a_data_set_has_not(tmp_path: Path) -> None:
    make_folder(tmp_path / "source", list("abcdefgh"))
    found = statistics(picture_rows(prepared(tmp_path, "folder")))
    assert list(found.index) == ["height", "width", "foreground"]
    assert list(found.loc["height"]) == [20, 23.5, 23.5, 27]
    assert list(found.columns) == ["min", "median", "mean", "max"]
    assert not np.isnan(found.to_numpy()).any()
