"""Pictures that predict and superpixels are given, before anything is made of them."""

from pathlib import Path

import pytest

from seglab.errors import ConfigError, DataError
from seglab.jobs.predict import find_pictures, keep_pictures
from tests.data.folders import make_folder


@pytest.fixture
def photos(tmp_path):
    make_folder(tmp_path, ["IMG #1", "IMG #2"])
    return tmp_path / "images"


def test_names_that_are_none_for_artifacts_are_refused_where_they_are_logged(photos):
    assert list(find_pictures(photos, logged=False)) == ["IMG #1", "IMG #2"]
    with pytest.raises(DataError, match=r"'IMG #1' has one of(.|\n)*'IMG #2' has one of"):
        find_pictures(photos)
    with pytest.raises(DataError, match=r"'IMG #1' has one of .*; rename the picture"):
        find_pictures(photos / "IMG #1.png")


def test_masks_never_replace_the_pictures(photos, tmp_path, monkeypatch):
    paths = find_pictures(photos, logged=False)
    monkeypatch.chdir(photos)
    (tmp_path / "link").symlink_to(photos)
    for output in (photos, Path(), tmp_path / "link", photos / ".." / "images"):
        with pytest.raises(ConfigError, match="would replace 2 pictures of --images"):
            keep_pictures(paths, output)


def test_masks_may_go_anywhere_else_and_replace_older_ones(photos, tmp_path):
    paths = find_pictures(photos, logged=False)
    keep_pictures(paths, tmp_path / "new")
    keep_pictures(paths, tmp_path / "masks")
    (photos / "IMG #1.png").rename(photos / "IMG #1.jpg")
    keep_pictures({"IMG #1": photos / "IMG #1.jpg"}, photos)


def test_a_picture_that_links_to_where_masks_go_is_kept(photos, tmp_path):
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "IMG #2.png").symlink_to(photos / "IMG #2.png")
    paths = find_pictures(tmp_path / "links", logged=False)
    with pytest.raises(ConfigError, match=r"would replace 1 picture .*IMG #2\.png"):
        keep_pictures(paths, photos)
