import os
import shutil
from collections import Counter
from pathlib import Path, PurePosixPath

import numpy as np
import pytest
from PIL import Image
from scipy.io import loadmat, savemat

from seglab.data.bsds500 import wanted
from seglab.data.config import PrepareConfig
from seglab.data.pictures import PictureSet
from seglab.data.prepare import prepare
from seglab.errors import DataError
from tests.data.annotated import HEIGHT, WIDTH, label_maps, make_bsds, write_mat


def prepare_bsds(root: Path, source: Path | str) -> PictureSet:
    return prepare(PrepareConfig(dataset="bsds500", data_dir=str(root), source=str(source)))


def test_every_person_s_label_map_is_kept(tmp_path: Path) -> None:
    make_bsds(tmp_path / "BSR")
    pictures = prepare_bsds(tmp_path, tmp_path / "BSR")
    assert pictures.title == "bsds500"
    for people in (4, 5):
        segments = pictures.segments(f"0{people}")
        assert segments.dtype == np.uint16
        np.testing.assert_array_equal(segments, label_maps(people))
    with pytest.raises(DataError, match="bsds500 has segments and no masks"):
        pictures.mask("04")


def test_the_parts_are_the_folders_and_missing_ones_are_empty(tmp_path: Path) -> None:
    make_bsds(tmp_path / "all")
    pictures = prepare_bsds(tmp_path, tmp_path / "all")
    names = {part: pictures.names("published", part) for part in ("train", "val", "test")}
    assert names == {"train": ["04", "05"], "val": ["14", "15"], "test": ["24", "25"]}
    make_bsds(tmp_path / "one", ("val",))
    assert Counter(prepare_bsds(tmp_path, tmp_path / "one").frame()["published"]) == {"val": 2}


def test_each_segment_has_a_row(tmp_path: Path) -> None:
    make_bsds(tmp_path / "BSR", ("train",))
    rows = prepare_bsds(tmp_path, tmp_path / "BSR").segment_rows()
    # Four people see 1, 2, 3 and 4 columns, five also 5.
    assert Counter(rows["image"]) == {"04": 10, "05": 15}
    third = rows[(rows["image"] == "04") & (rows["annotation"] == 2)]
    assert list(third["segment"]) == [1, 2, 3]
    # Of the ten columns 0…3 are the first third, 4…6 the second.
    assert list(third["area"]) == [4 * HEIGHT, 3 * HEIGHT, 3 * HEIGHT]
    assert set(rows["category"]) == {""}
    assert not rows["thing"].any()
    assert not rows["crowd"].any()


def test_all_faults_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    root = tmp_path / "BSR"
    make_bsds(root)
    truth = root / "groundTruth"
    (truth / "train" / "04.mat").unlink()
    whole = (truth / "train" / "05.mat").read_bytes()
    (truth / "train" / "05.mat").write_bytes(whole[:-200])
    write_mat(truth / "val" / "14.mat", label_maps(4)[:, 1:])
    write_mat(truth / "val" / "15.mat", label_maps(4) - 1)
    savemat(truth / "test" / "24.mat", {"other": 1})
    write_mat(truth / "test" / "25.mat", np.full((2, HEIGHT, WIDTH), 0.5))
    with pytest.raises(DataError) as caught:
        prepare_bsds(tmp_path, root)
    text = str(caught.value)
    assert "6 faults" in text
    for expected in [
        f"04.jpg has no {truth / 'train' / '04.mat'}",
        f"{truth / 'train' / '05.mat'} holds no BSDS500 segmentations, or is damaged",
        f"14.jpg has 8×10 pixels, but {truth / 'val' / '14.mat'} has 7×10",
        "15.mat holds no BSDS500 segmentations, or is damaged: labels are uint16 (4, 8, 10) from 0",
        "24.mat holds no BSDS500 segmentations, or is damaged: 'groundTruth'",
        "25.mat holds no BSDS500 segmentations, or is damaged: labels are float64",
    ]:
        assert expected in text


@pytest.mark.parametrize("size", [0, 60, 130, 200])
def test_a_truncated_mat_is_a_fault_wherever_it_ends(tmp_path: Path, size: int) -> None:
    make_bsds(tmp_path / "BSR", ("train",))
    path = tmp_path / "BSR" / "groundTruth" / "train" / "04.mat"
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(DataError, match=r"04\.mat holds no BSDS500 segmentations"):
        prepare_bsds(tmp_path, tmp_path / "BSR")


def test_only_pictures_and_segmentations_are_taken_out_of_the_release(tmp_path: Path) -> None:
    make_bsds(tmp_path / "BSR" / "BSDS500" / "data")
    (tmp_path / "BSR" / "BSDS500" / "ucm2" / "test").mkdir(parents=True)
    (tmp_path / "BSR" / "BSDS500" / "ucm2" / "test" / "24.mat").write_bytes(b"")
    archive = shutil.make_archive(str(tmp_path / "BSR_bsds500"), "gztar", tmp_path, "BSR")
    pictures = prepare_bsds(tmp_path / "data", archive)
    assert len(pictures.pictures) == 6
    assert not list((tmp_path / "data").rglob("ucm2"))
    assert wanted(PurePosixPath("BSR/BSDS500/data/groundTruth/val/1.mat"))
    assert not wanted(PurePosixPath("BSR/BSDS500/data/images/val/Thumbs.db"))


def test_the_published_train_part(tmp_path: Path) -> None:
    if "SEGLAB_DATA" not in os.environ:
        pytest.skip("needs BSDS500 pictures: set SEGLAB_DATA")
    source = Path(os.environ["SEGLAB_DATA"]) / "bsds500"
    pictures = prepare_bsds(tmp_path, source)
    frame = pictures.frame()
    assert Counter(frame["published"]) == {"train": 200}
    assert set(zip(frame["height"], frame["width"], strict=True)) == {(321, 481), (481, 321)}
    assert Counter(frame["annotations"]) == {4: 2, 5: 131, 6: 49, 7: 15, 8: 2, 9: 1}
    name = frame["name"][7]
    drawn = loadmat(source / "groundTruth" / "train" / f"{name}.mat")["groundTruth"][0]
    for index, labels in enumerate(pictures.segments(name)):
        np.testing.assert_array_equal(labels, drawn[index]["Segmentation"][0, 0])
    with Image.open(source / "images" / "train" / f"{name}.jpg") as file:
        np.testing.assert_array_equal(pictures.image(name), np.asarray(file))
