from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from seglab.data.annotations import draw_instances, load, read_panoptic
from seglab.data.truth import Segment, Truth
from seglab.errors import DataError
from tests.data.annotated import HEIGHT, INSTANCES, LARGE, WIDTH, write_json


def drawn(folder: Path, annotations: list[dict[str, Any]]) -> Truth:
    """The first picture, with ``annotations`` written to a file and read again."""
    path = write_json(folder, "instances", "train", annotations)
    loaded = load(path)
    entry = loaded.images["000000000001"]
    return draw_instances(path, entry.size, entry.annotations, loaded.categories)


def damaged(**changes: Any) -> dict[str, Any]:
    return INSTANCES[1] | changes


def run_lengths(counts: Any, height: int = HEIGHT) -> dict[str, Any]:
    return {"size": [height, WIDTH], "counts": counts}


@pytest.mark.parametrize(
    ("annotation", "fault"),
    [
        (damaged(segmentation=[LARGE[:-1]]), "not a list of x and y"),
        (damaged(segmentation=[[1, 2, "x", 4, 5, 6]]), "not a list of x and y"),
        (damaged(segmentation=[[1, 2, float("nan"), 4, 5, 6]]), "goes far beyond the picture"),
        (damaged(segmentation=[[1, 2, 1e9, 4, 5, 6]]), "goes far beyond the picture"),
        (damaged(segmentation=run_lengths([72, 9])), "add up to 81, not 80"),
        (damaged(segmentation=run_lengths([1])), "add up to 1, not 80"),
        (damaged(segmentation=run_lengths([90, -10])), "add up to 80"),
        (damaged(segmentation=run_lengths([72, 8], height=9)), "run lengths of [9, 10]"),
        (damaged(segmentation=run_lengths("zz junk")), "compressed run lengths have a 'z'"),
        (damaged(segmentation=run_lengths("1")), "add up to 1, not 80"),
        (damaged(segmentation=run_lengths([])), "annotation 8 is damaged"),
        (damaged(segmentation=None), "annotation 8 is damaged"),
        (damaged(category_id=55), "KeyError(55)"),
    ],
)
def test_a_damaged_annotation_is_a_fault(
    tmp_path: Path, annotation: dict[str, Any], fault: str
) -> None:
    with pytest.raises(DataError) as caught:
        drawn(tmp_path, [annotation, INSTANCES[0], annotation])
    text = str(caught.value)
    assert f"{tmp_path / 'annotations' / 'instances_train2017.json'}: annotation 8" in text
    assert text.count("annotation 8 is damaged") == 2
    assert fault in text


def test_compressed_run_lengths_and_polygons_without_area(tmp_path: Path) -> None:
    flat = damaged(segmentation=[[1, 1, 5, 5]])
    empty = damaged(segmentation=[])
    column = damaged(segmentation=run_lengths("X28"))
    truth = drawn(tmp_path, [flat, empty, column])
    assert truth.segments == (Segment(0, 1, "person", 8, thing=True, crowd=False),)
    assert truth.pixels[0, :, -1].all()


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_of_one_size_the_later_lies_on_top(tmp_path: Path, order: int) -> None:
    left = damaged(segmentation=[[0, 0, 4, 0, 4, 8, 0, 8]], category_id=1)
    right = damaged(segmentation=[[2, 0, 6, 0, 6, 8, 2, 8]], category_id=3)
    truth = drawn(tmp_path, [left, right][::order])
    areas = {segment.category: segment.area for segment in truth.segments}
    assert areas == ({"person": 16, "car": 32} if order == 1 else {"person": 32, "car": 16})


def test_what_is_hidden_wholly_is_no_segment(tmp_path: Path) -> None:
    twice = [damaged(category_id=1), damaged(category_id=3)]
    truth = drawn(tmp_path, twice)
    assert truth.segments == (Segment(0, 1, "car", 36, thing=True, crowd=False),)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"images": [{}], "annotations": [], "categories": []}', '{"images": 1'],
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "instances_train2017.json"
    path.write_text(text)
    with pytest.raises(DataError, match=r"instances_train2017\.json is no COCO annotation file"):
        load(path)


@pytest.mark.parametrize("entry", [{}, {"segments_info": [{"id": 7}]}, {"segments_info": 3}])
def test_damaged_segments_info_is_a_fault(tmp_path: Path, entry: dict[str, Any]) -> None:
    Image.new("RGB", (WIDTH, HEIGHT)).save(tmp_path / "1.png")
    with pytest.raises(DataError, match=r"the segments_info of .*1\.png is damaged"):
        read_panoptic(tmp_path / "1.png", entry, {})
