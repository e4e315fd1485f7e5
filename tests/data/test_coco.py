import json
import os
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pytest
from PIL import Image

from seglab.data.coco import wanted
from seglab.data.config import PrepareConfig
from seglab.data.pictures import PictureSet, open_pictures
from seglab.data.prepare import prepare
from seglab.errors import DataError
from tests.data.annotated import (
    HEIGHT,
    INSTANCE_MAP,
    INSTANCES,
    PANOPTIC_MAP,
    WIDTH,
    make_instances,
    make_panoptic,
    write_json,
)

FIRST, SECOND, THIRD = (f"00000000000{n}" for n in (1, 2, 3))


def prepare_coco(root: Path, source: Path | str) -> PictureSet:
    return prepare(PrepareConfig(dataset="coco", data_dir=str(root), source=str(source)))


def faults_of(root: Path, source: Path) -> str:
    with pytest.raises(DataError) as caught:
        prepare_coco(root, source)
    return str(caught.value)


def rows(pictures: PictureSet, name: str) -> list[tuple[Any, ...]]:
    """Segment, category, area, thing and crowd of a picture."""
    frame = pictures.segment_rows()
    frame = frame[frame["image"] == name].drop(columns=["image", "annotation"])
    return [tuple(row) for row in frame.to_numpy()]


def test_the_smaller_instance_lies_on_top_and_crowds_are_void(tmp_path: Path) -> None:
    make_instances(tmp_path / "coco")
    pictures = prepare_coco(tmp_path, tmp_path / "coco")
    assert pictures.title == "coco/instances"
    segments = pictures.segments(FIRST)
    assert segments.dtype == np.uint16
    np.testing.assert_array_equal(segments, INSTANCE_MAP[np.newaxis])
    # In the order in which they first occur, row by row.
    assert rows(pictures, FIRST) == [
        (0, "person", 8, True, True),
        (1, "person", 32, True, False),
        (2, "car", 4, True, False),
    ]


def test_a_picture_without_annotations_is_void_and_a_grey_one_is_rgb(tmp_path: Path) -> None:
    make_instances(tmp_path / "coco")
    pictures = prepare_coco(tmp_path, tmp_path / "coco")
    assert not pictures.segments(SECOND).any()
    assert rows(pictures, SECOND) == []
    image = pictures.image(SECOND)
    with Image.open(tmp_path / "coco" / "train2017" / f"{SECOND}.jpg") as file:
        assert file.mode == "L"
        np.testing.assert_array_equal(image, np.dstack([np.asarray(file)] * 3))


def test_the_parts_are_the_folders(tmp_path: Path) -> None:
    make_instances(tmp_path / "coco")
    pictures = prepare_coco(tmp_path, tmp_path / "coco")
    assert pictures.names("published", "train") == [FIRST, SECOND]
    assert pictures.names("published", "val") == [THIRD]
    assert pictures.names("published", "test") == []


def test_without_val_a_tenth_of_train_is_drawn(tmp_path: Path) -> None:
    root = tmp_path / "coco"
    make_instances(root)
    shutil.rmtree(root / "val2017")
    names = [f"{number:012}" for number in range(10, 30)]
    for name in names:
        shutil.copy(root / "train2017" / f"{FIRST}.jpg", root / "train2017" / f"{name}.jpg")
    path = root / "annotations" / "instances_train2017.json"
    data = json.loads(path.read_text())
    data["images"] += [
        {"id": int(name), "file_name": f"{name}.jpg", "height": HEIGHT, "width": WIDTH}
        for name in names
    ]
    path.write_text(json.dumps(data))
    frame = prepare_coco(tmp_path, root).frame()
    assert Counter(frame["published"]) == {"train": 20, "val": 2}
    again = prepare_coco(tmp_path / "again", root).frame()
    assert list(again["published"]) == list(frame["published"])


@pytest.mark.parametrize("below", ["annotations", "."])
def test_panoptic_segments_are_taken_where_there(tmp_path: Path, below: str) -> None:
    make_panoptic(tmp_path / "coco", below)
    pictures = prepare_coco(tmp_path, tmp_path / "coco")
    assert pictures.title == "coco/panoptic"
    for name in (FIRST, SECOND, THIRD):
        np.testing.assert_array_equal(pictures.segments(name)[0], PANOPTIC_MAP)
    assert rows(pictures, THIRD) == [
        (1, "sky", 3 * WIDTH, False, False),
        (2, "person", 2 * WIDTH, True, False),
        (0, "car", 2 * WIDTH, True, True),
    ]


def test_instances_are_taken_where_one_part_has_no_panoptic_file(tmp_path: Path) -> None:
    make_panoptic(tmp_path / "coco")
    (tmp_path / "coco" / "annotations" / "panoptic_val2017.json").unlink()
    assert prepare_coco(tmp_path, tmp_path / "coco").title == "coco/instances"


def test_a_mask_of_it_is_refused_saying_what_to_use(tmp_path: Path) -> None:
    make_instances(tmp_path / "coco")
    pictures = prepare_coco(tmp_path, tmp_path / "coco")
    with pytest.raises(DataError, match=r"coco/instances has segments and no masks.*-e targets"):
        pictures.mask(FIRST)


def test_label_maps_are_views_of_the_file_and_survive_opening(tmp_path: Path) -> None:
    make_instances(tmp_path / "coco")
    prepare_coco(tmp_path, tmp_path / "coco")
    pictures = open_pictures(str(tmp_path), "coco")
    first, again = pictures.segments(FIRST), pictures.segments(FIRST)
    assert np.shares_memory(first, again)
    assert not first.flags.writeable
    (tmp_path / "coco" / "segments.parquet").unlink()
    with pytest.raises(DataError, match=r"segments\.parquet does not exist.*-e prepare"):
        open_pictures(str(tmp_path), "coco")


def test_the_digest_follows_segments_and_their_classes(tmp_path: Path) -> None:
    root = tmp_path / "source"
    make_instances(root)
    digests = {prepare_coco(tmp_path, root).digest}
    assert prepare_coco(tmp_path, root).digest in digests
    write_json(root, "instances", "train", INSTANCES[1:])
    digests.add(prepare_coco(tmp_path, root).digest)
    write_json(root, "instances", "train", [INSTANCES[1] | {"category_id": 3}, INSTANCES[2]])
    digests.add(prepare_coco(tmp_path, root).digest)
    assert len(digests) == 3


def test_all_faults_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    root = tmp_path / "coco"
    make_panoptic(root)
    pngs = root / "annotations" / "panoptic_train2017"
    (pngs / f"{FIRST}.png").unlink()
    Image.new("RGB", (WIDTH, HEIGHT), (9, 9, 9)).save(pngs / f"{SECOND}.png")
    Image.new("RGB", (3, 3)).save(root / "train2017" / "stray.jpg")
    (root / "annotations" / "panoptic_val2017.json").write_text('{"images": [')
    text = faults_of(tmp_path, root)
    for expected in [
        f"{FIRST}.jpg has no {pngs / FIRST}.png",
        f"{SECOND}.png and its segments_info do not have the same ids: 7, 258, 65536, 592137",
        "stray.jpg is not in",
        "panoptic_val2017.json is no COCO annotation file, or damaged",
    ]:
        assert expected in text


def test_sizes_that_differ_are_told(tmp_path: Path) -> None:
    make_instances(tmp_path / "coco")
    Image.new("RGB", (WIDTH, 9)).save(tmp_path / "coco" / "train2017" / f"{FIRST}.jpg")
    text = faults_of(tmp_path, tmp_path / "coco")
    assert f"{FIRST}.jpg has 9×10 pixels, but" in text
    assert "instances_train2017.json has 8×10" in text


def test_panoptic_pngs_still_packed_are_told(tmp_path: Path) -> None:
    make_panoptic(tmp_path / "coco")
    shutil.rmtree(tmp_path / "coco" / "annotations" / "panoptic_val2017")
    assert "unpack panoptic_val2017.zip" in faults_of(tmp_path, tmp_path / "coco")


@pytest.mark.parametrize(
    ("break_it", "fault"),
    [
        (lambda root: shutil.rmtree(root / "annotations"), "holds no annotations/ beside"),
        (lambda root: (root / "annotations/instances_val2017.json").unlink(), "cannot be read"),
        (lambda root: [path.unlink() for path in root.rglob("*.jpg")], "no .jpg is in"),
        (
            lambda root: shutil.copy(root / f"val2017/{THIRD}.jpg", root / "train2017"),
            "have one name",
        ),
    ],
)
def test_what_is_missing_or_twice_is_told(
    tmp_path: Path, break_it: Callable[[Path], Any], fault: str
) -> None:
    make_instances(tmp_path / "coco")
    break_it(tmp_path / "coco")
    assert fault in faults_of(tmp_path / "data", tmp_path / "coco")


def test_only_what_is_used_is_fetched(tmp_path: Path) -> None:
    make_panoptic(tmp_path / "coco")
    (tmp_path / "coco" / "annotations" / "captions_train2017.json").write_text("{}")
    archive = shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path, "coco")
    pictures = prepare_coco(tmp_path / "data", archive)
    assert len(pictures.pictures) == 3
    assert not list((tmp_path / "data").rglob("captions*"))
    assert not wanted(PurePosixPath("coco/test2017/000000000001.jpg"))
    assert not wanted(PurePosixPath("coco/stuff_train2017_pixelmaps/000000000001.png"))


@pytest.fixture
def real() -> Path:
    if "SEGLAB_DATA" not in os.environ:
        pytest.skip("needs COCO pictures: set SEGLAB_DATA")
    return Path(os.environ["SEGLAB_DATA"]) / "coco"


def test_published_instances(real: Path, tmp_path: Path) -> None:
    pictures = prepare_coco(tmp_path, real)
    assert Counter(pictures.frame()["published"]) == {"train": 171, "val": 19}
    segments = pictures.segment_rows()
    # Counted in the JSON; instances that others hide wholly would be fewer here.
    assert Counter(segments["crowd"]) == {False: 1694, True: 18}
    assert segments["category"].nunique() <= 80
    for name in pictures.names("published", "val"):
        areas = np.bincount(pictures.segments(name).ravel())[1:]
        own = segments[(segments["image"] == name) & ~segments["crowd"]]
        assert list(own.sort_values("segment")["area"]) == list(areas)


def test_published_panoptic_samples(real: Path, tmp_path: Path) -> None:
    sample = real / "panoptic_samples" / "sample_data"
    root = tmp_path / "source"
    (root / "annotations").mkdir(parents=True)
    (root / "val2017").symlink_to(sample / "input_images")
    (root / "panoptic_val2017").symlink_to(sample / "panoptic_examples")
    json_file = root / "annotations" / "panoptic_val2017.json"
    json_file.symlink_to(sample / "panoptic_examples.json")
    pictures = prepare_coco(tmp_path, root)
    assert pictures.title == "coco/panoptic"
    entries = json.loads(json_file.read_text())
    classes = {each["id"]: each["name"] for each in entries["categories"]}
    for entry in entries["annotations"]:
        expected = sorted(
            (classes[info["category_id"]], info["area"], bool(info["iscrowd"]))
            for info in entry["segments_info"]
        )
        found = rows(pictures, f"{entry['image_id']:012}")
        assert sorted((category, area, crowd) for _, category, area, _, crowd in found) == expected
