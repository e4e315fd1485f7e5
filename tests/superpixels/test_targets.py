import pickle
import shlex
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from seglab.data.config import PrepareConfig
from seglab.data.prepare import prepare
from seglab.errors import RUN, CacheError, ConfigError
from seglab.superpixels.config import TargetsConfig
from seglab.superpixels.eikonal import eikonal
from seglab.superpixels.painting import fill_targets, paint
from seglab.superpixels.targets import TargetSettings, open_targets
from tests.data.annotated import make_instances
from tests.saliency.picture_set import noise, picture_set

SIZES = {"wide": (20, 40), "line": (1, 30), "tall": (40, 16)}
PROGRAM = """
import sys
from seglab.data.pictures import open_pictures
from seglab.superpixels.config import TargetsConfig
from seglab.superpixels.painting import fill_targets

if __name__ == "__main__":
    config = TargetsConfig(dataset="folder", data_dir=sys.argv[1], superpixels=300, workers=2)
    fill_targets(config, open_pictures(config.data_dir, config.dataset))
"""


@pytest.fixture
def config(tmp_path):
    return TargetsConfig(dataset="folder", data_dir=str(tmp_path), superpixels=12, workers=1)


@pytest.fixture
def pictures(tmp_path):
    images = {name: noise(*size, seed) for seed, (name, size) in enumerate(SIZES.items())}
    masks = {name: (image[..., 0] > 200).astype(np.uint8) for name, image in images.items()}
    return picture_set(tmp_path, images, masks)


def stored(data_dir):
    """Content of every target's file in the cache."""
    folder = Path(data_dir) / "cache" / "targets"
    return {path: path.read_bytes() for path in folder.rglob("*.arrow") if path.name[0] != "."}


def test_superpixels_are_painted_in_their_mean_colour():
    image = np.zeros((2, 3, 3), np.uint8)
    image[0] = [[10, 0, 255], [11, 0, 255], [7, 7, 7]]
    image[1] = [[10, 1, 254], [12, 1, 255], [9, 8, 7]]
    labels = np.array([[0, 0, 2], [0, 0, 2]])
    # Means 10.75, 0.5 and 254.75 of four pixels; 8, 7.5 and 7 of two. Label 1 is nowhere.
    expected = np.zeros_like(image)
    expected[:, :2], expected[:, 2] = (11, 1, 255), (8, 8, 7)
    assert np.array_equal(paint(image, labels), expected)


def test_painting_superpixels_of_one_pixel_changes_nothing():
    image = noise(5, 7, 0)
    assert np.array_equal(paint(image, np.arange(35, dtype=np.uint16).reshape(5, 7)), image)


def test_targets_are_superpixels_of_picture_and_segments(config, pictures):
    fill_targets(config, pictures)
    targets = open_targets(config.data_dir, pictures)
    assert targets.settings == TargetSettings(superpixels=12, color_weight=7.0, mask_weight=10.0)
    for name, size in SIZES.items():
        image, mask = pictures.image(name), pictures.mask(name)
        labels = eikonal(image, 12, 7.0, True, mask, 10.0)
        assert np.array_equal(targets(name), paint(image, labels))
        assert targets(name).shape == (*size, 3)
        assert not targets(name).flags.owndata
    with_mask = targets("wide")
    fill_targets(replace(config, mask_weight=0), pictures)
    assert not np.array_equal(open_targets(config.data_dir, pictures)("wide"), with_mask)
    assert np.array_equal(pickle.loads(pickle.dumps(targets))("wide"), with_mask)


def test_segments_of_coco_make_targets(tmp_path):
    make_instances(tmp_path / "published")
    source = str(tmp_path / "published")
    pictures = prepare(PrepareConfig(dataset="coco", data_dir=str(tmp_path), source=source))
    config = TargetsConfig(data_dir=str(tmp_path), superpixels=5, workers=1)
    targets = fill_targets(config, pictures).targets
    for name in ("000000000001", "000000000003"):
        image, segments = pictures.image(name), pictures.segments(name)[0]
        labels = eikonal(image, 5, 7.0, mask=segments, mask_weight=10.0)
        assert np.array_equal(targets(name), paint(image, labels))


def test_only_what_is_missing_is_painted(config, pictures):
    first = fill_targets(config, pictures)
    assert (first.painted, first.reused) == (3, 0)
    before = stored(config.data_dir)
    path = next(iter(before))
    path.write_bytes(before[path][:50])
    second = fill_targets(config, pictures)
    assert (second.painted, second.reused) == (1, 2)
    assert second.targets.digest == first.targets.digest
    assert stored(config.data_dir) == before


@pytest.mark.parametrize("change", [{"superpixels": 13}, {"color_weight": 6}, {"mask_weight": 3}])
def test_another_setting_is_a_miss(config, pictures, change):
    fill_targets(config, pictures)
    assert fill_targets(replace(config, **change), pictures).painted == 3
    assert fill_targets(config, pictures).painted == 0


def test_other_segments_are_a_miss_only_where_they_count(config, pictures, tmp_path):
    without = replace(config, mask_weight=0)
    fill_targets(config, pictures)
    fill_targets(without, pictures)
    images = {name: pictures.image(name).copy() for name in SIZES}
    masks = {name: pictures.mask(name).copy() for name in SIZES}
    masks["tall"][3, 3] ^= 1
    changed = picture_set(tmp_path, images, masks)
    assert fill_targets(config, changed).painted == 1
    assert fill_targets(without, changed).painted == 0


def test_processes_paint_what_one_does(config, pictures):
    fill_targets(config, pictures)
    alone = stored(config.data_dir)
    for path in alone:
        path.unlink()
    assert fill_targets(replace(config, workers=2), pictures).painted == 3
    assert stored(config.data_dir) == alone


def test_killed_fill_goes_on_where_it_was(config, tmp_path):
    images = {f"picture {i}": noise(200, 200, i) for i in range(60)}
    pictures = picture_set(tmp_path, images)
    (tmp_path / "fill.py").write_text(PROGRAM)
    command = [sys.executable, str(tmp_path / "fill.py"), str(tmp_path)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    while len(stored(tmp_path)) < 4:
        assert process.poll() is None
        time.sleep(0.005)
    process.kill()
    process.communicate()
    time.sleep(0.3)  # workers notice, and end with the picture in hand
    with pytest.raises(CacheError, match="no painted targets of folder/small were made yet"):
        open_targets(config.data_dir, pictures)
    kept = stored(tmp_path)
    assert 4 <= len(kept) < 60
    filled = fill_targets(replace(config, superpixels=300), pictures)
    assert (filled.painted, filled.reused) == (60 - len(kept), len(kept))
    resumed = stored(tmp_path)
    assert kept.items() <= resumed.items()
    # An undisturbed fill ends with the same bytes.
    for path in resumed:
        path.unlink()
    fill_targets(replace(config, superpixels=300), pictures)
    assert stored(tmp_path) == resumed


def test_missing_targets_are_refused_with_the_command_that_paints_them(config, pictures):
    wanted = TargetSettings(superpixels=9, color_weight=2.5, mask_weight=0.0)
    with pytest.raises(CacheError, match="3 of the 3 painted targets of folder/small") as caught:
        open_targets(config.data_dir, pictures, wanted)
    assert shlex.split(str(caught.value).split("`")[1]) == [
        *RUN.split(),
        "-e",
        "targets",
        *("-P", "dataset=folder", "-P", f"data_dir={config.data_dir}"),
        *("-P", "superpixels=9", "-P", "color_weight=2.5", "-P", "mask_weight=0.0"),
    ]


def test_the_truth_of_bsds500_makes_no_target(config, pictures):
    with pytest.raises(ConfigError, match=r"--mask_weight=10: .* judged by.* -P mask_weight=0"):
        replace(config, dataset="bsds500")
    bsds = replace(pictures, dataset="bsds500")
    with pytest.raises(ConfigError, match="-P mask_weight=0"):
        fill_targets(config, bsds)
    with pytest.raises(CacheError, match=r"-e targets -P dataset=bsds500 .* -P mask_weight=0`"):
        open_targets(config.data_dir, bsds)
    filled = fill_targets(replace(config, dataset="bsds500", mask_weight=0), bsds)
    assert filled.painted == 3
    assert np.array_equal(
        filled.targets("tall"), paint(bsds.image("tall"), eikonal(bsds.image("tall"), 12))
    )


def test_all_wrong_flags_are_named_at_once():
    with pytest.raises(ConfigError) as caught:
        TargetsConfig(superpixels=0, mask_weight=-1, color_weight=float("nan"), workers=-2)
    for flag in ("--superpixels=0", "--mask_weight=-1", "--color_weight=nan", "--workers=-2"):
        assert flag in str(caught.value)
