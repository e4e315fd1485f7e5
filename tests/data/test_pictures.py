import json
import pickle
import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seglab.data.config import PrepareConfig
from seglab.data.decode import write_png
from seglab.data.pictures import PictureSet, open_pictures
from seglab.data.prepare import prepare
from seglab.errors import ConfigError, DataError
from tests.data.folders import make_folder, write_lists

NAMES = [f"p{i}" for i in range(8)]


def prepared(tmp_path: Path, names: list[str] = NAMES) -> PictureSet:
    make_folder(tmp_path / "mine", names)
    return prepare(
        PrepareConfig(dataset="folder", data_dir=str(tmp_path), source=str(tmp_path / "mine"))
    )


def test_opening_gives_what_was_prepared(tmp_path: Path) -> None:
    pictures = prepared(tmp_path)
    assert open_pictures(str(tmp_path), "folder") == pictures
    assert (pictures.dataset, pictures.title) == ("folder", "folder/mine")
    assert pictures.source == str(tmp_path / "mine")
    assert [picture.name for picture in pictures.pictures] == NAMES


def test_pixels_are_those_of_the_files(tmp_path: Path) -> None:
    pictures = prepared(tmp_path)
    for name, pixels in make_folder(tmp_path / "mine", NAMES).items():
        np.testing.assert_array_equal(pictures.image(name), pixels)
        assert pictures.mask(name).shape == (pictures[name].height, pictures[name].width)
        assert set(np.unique(pictures.mask(name))) == {0, 1}


def test_reading_copies_nothing(tmp_path: Path) -> None:
    pictures = prepared(tmp_path)
    first, second = pictures.image("p3"), pictures.image("p3")
    assert np.shares_memory(first, second)
    assert not first.flags.writeable
    mapped = (tmp_path / "folder" / "pictures.arrow").resolve()
    address = first.__array_interface__["data"][0]
    ranges = [
        [int(bound, 16) for bound in line.split()[0].split("-")]
        for line in Path("/proc/self/maps").read_text().splitlines()
        if line.endswith(str(mapped))
    ]
    assert any(low <= address < high for low, high in ranges)


def test_a_pickled_set_reads_the_same(tmp_path: Path) -> None:
    pictures = prepared(tmp_path)
    before = pictures.image("p1")
    again = pickle.loads(pickle.dumps(pictures))
    assert again == pictures
    np.testing.assert_array_equal(again.image("p1"), before)


def test_names_by_part(tmp_path: Path) -> None:
    make_folder(tmp_path / "mine", NAMES)
    lists = {"train": ["p4", "p0"], "val": ["p1"], "test": ["p2", "p3", "p5", "p6", "p7"]}
    write_lists(tmp_path / "mine", lists)
    pictures = prepared(tmp_path)
    assert {part: pictures.names("published", part) for part in lists} == {
        part: sorted(names) for part, names in lists.items()
    }
    with pytest.raises(DataError, match=r"names no scenes.*split=published.*groups\.csv"):
        pictures.names("grouped", "train")
    with pytest.raises(ConfigError, match="'valid' is unknown; choose one of train, val, test"):
        pictures.names("published", "valid")


def test_the_frame_has_a_row_a_picture(tmp_path: Path) -> None:
    frame = prepared(tmp_path).frame()
    assert list(frame["name"]) == NAMES
    assert {"height", "width", "image_digest", "truth_digest", "group", "published"} <= {*frame}


def test_the_digest_follows_pixels_and_split_but_not_place(tmp_path: Path) -> None:
    digests = [prepared(tmp_path / "a").digest, prepared(tmp_path / "b").digest]
    assert digests[0] == digests[1]
    parts = {"train": NAMES[:4], "val": NAMES[4:6], "test": NAMES[6:]}
    write_lists(tmp_path / "b" / "mine", parts)
    digests.append(prepared(tmp_path / "b").digest)
    mask = tmp_path / "a" / "mine" / "masks" / "p0.png"
    write_png(mask, 255 - np.asarray(Image.open(mask)))
    source = str(tmp_path / "a" / "mine")
    other = PrepareConfig(dataset="folder", data_dir=str(tmp_path / "a"), source=source)
    digests.append(prepare(other).digest)
    assert len(set(digests)) == 3


def test_what_is_not_prepared_comes_with_the_command(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"run `mlflow run .* -e prepare -P dataset=icoseg .*source"
    ):
        open_pictures(str(tmp_path), "icoseg")
    with pytest.raises(DataError, match=r"-e prepare -P dataset=sample -P data_dir=.*`$"):
        open_pictures(str(tmp_path), "sample")


def test_that_command_is_one_for_a_shell_wherever_the_data_are(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        open_pictures(f"{tmp_path}/my $data", "sample")
    words = shlex.split(str(caught.value).split("`")[1])
    assert words[-2:] == ["-P", f"data_dir={tmp_path}/my $data"]


def test_damage_is_told(tmp_path: Path) -> None:
    prepared(tmp_path)
    pixels, manifest = (tmp_path / "folder" / n for n in ("pictures.arrow", "manifest.json"))
    whole = pixels.read_bytes()
    for data in (whole[:-100], whole[:0]):
        pixels.unlink()
        pixels.write_bytes(data)
        with pytest.raises(DataError, match="is damaged"):
            open_pictures(str(tmp_path), "folder")
    pixels.unlink()
    with pytest.raises(DataError, match=r"pictures\.arrow.* does not exist"):
        open_pictures(str(tmp_path), "folder")
    pixels.write_bytes(whole)
    text = manifest.read_text()
    for broken in (text[:-10], "[]", text.replace('"height"', '"hight"')):
        manifest.write_text(broken)
        with pytest.raises(DataError, match="is damaged"):
            open_pictures(str(tmp_path), "folder")


def test_another_version_is_refused(tmp_path: Path) -> None:
    prepared(tmp_path)
    path = tmp_path / "folder" / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"version": 0}))
    with pytest.raises(DataError, match="is of another version of seglab"):
        open_pictures(str(tmp_path), "folder")


def test_pixels_of_another_prepare_are_never_taken_for_these(tmp_path: Path) -> None:
    old = prepared(tmp_path)
    (tmp_path / "mine" / "images" / "p0.png").unlink()
    (tmp_path / "mine" / "masks" / "p0.png").unlink()
    again = prepare(
        PrepareConfig(dataset="folder", data_dir=str(tmp_path), source=str(tmp_path / "mine"))
    )
    assert again.digest != old.digest
    with pytest.raises(DataError, match="was prepared anew"):
        old.image("p1")


def test_masks_of_another_prepare_are_never_taken_for_these(tmp_path: Path) -> None:
    prepared(tmp_path)
    old = open_pictures(str(tmp_path), "folder")
    path = next((tmp_path / "mine" / "masks").iterdir())
    with Image.open(path) as mask:
        size = mask.size
    Image.new("L", size, 255).save(path)
    prepare(PrepareConfig(dataset="folder", data_dir=str(tmp_path), source=str(tmp_path / "mine")))
    with pytest.raises(DataError, match="was prepared anew"):
        old.mask(path.stem)
