import pickle
import shlex
import time
from dataclasses import replace

import numpy as np
import pytest
import torch

from seglab.data.cache import open_cache
from seglab.data.pictures import open_pictures
from seglab.errors import RUN, CacheError, WeightsError
from seglab.saliency.config import RULES, SaliencyConfig
from seglab.saliency.fill import fill, open_maps
from seglab.saliency.maps import stream_maps
from seglab.saliency.vgg import expected_state, load_vgg16, random_state
from tests.preloaded import FORKED
from tests.saliency.picture_set import noise, picture_set

# Two, one, two and four patches of 32: batches of four run across pictures.
SIZES = {"wide": (20, 40), "small": (32, 32), "tall": (40, 16), "large": (50, 60)}


def fill_alone(config):
    """What a process of its own does."""
    return fill(config, open_pictures(config.data_dir, config.dataset))


def fill_together(config, barrier):
    """What one of several processes does that start at the same moment."""
    barrier.wait(60)
    return fill_alone(config)


@pytest.fixture
def config(tmp_path):
    return SaliencyConfig(
        dataset="folder",
        data_dir=str(tmp_path),
        rules=("guided",),
        weights="random",
        target="features",
        patch=32,
        batch_size=4,
        precision="fp32",
    )


@pytest.fixture
def pictures(tmp_path):
    return picture_set(tmp_path, {n: noise(*size, i) for i, (n, size) in enumerate(SIZES.items())})


def maps_in(data_dir):
    """Content of every map's file in the cache."""
    folder = open_cache(str(data_dir), "saliency").folder
    return {path: path.read_bytes() for path in folder.rglob("*.arrow") if path.name[0] != "."}


def test_fill_stores_every_map_and_a_second_call_computes_nothing(config, pictures):
    config = replace(config, rules=RULES)
    first = fill(config, pictures)
    assert (first.computed, first.reused) == (12, 0)
    network = load_vgg16("random")
    images = [pictures.image(name) for name in SIZES]
    expected = list(stream_maps(network, images, RULES, first.settings, batch_size=4))
    for rule in RULES:
        maps = open_maps(config.data_dir, pictures, rule)
        assert maps.settings == first.settings
        for name, each in zip(SIZES, expected, strict=True):
            assert np.array_equal(maps(name), each[rule])
    before = maps_in(config.data_dir)
    second = fill(config, pictures)
    assert (second.computed, second.reused) == (0, 12)
    assert second.digest == first.digest
    assert maps_in(config.data_dir) == before


def test_progress_names_patches_and_pictures(config, pictures, capfd):
    fill(replace(config, rules=("deconv", "guided")), pictures)
    shown = capfd.readouterr().err
    assert "saliency maps (deconv, guided): 100%" in shown
    assert "9/9" in shown
    assert "4/4 pictures" in shown
    assert "pictures/s" in shown


@pytest.mark.parametrize(
    "change",
    [{"preprocessing": "raw"}, {"patch": 40}, {"precision": "mixed"}],
    ids=lambda change: next(iter(change)),
)
def test_another_setting_is_a_miss(config, pictures, change):
    assert fill(config, pictures).computed == 4
    assert fill(replace(config, **change), pictures).computed == 4
    assert fill(config, pictures).computed == 0


def test_another_target_is_a_miss(config, tmp_path):
    pictures = picture_set(tmp_path, {"one": noise(32, 32, 0)})
    # Expanded values keep the file small; read, the classifier has its 495 MB.
    ramp = {
        name: torch.linspace(0, 1e-3, value.shape[-1]).expand(value.shape)
        for name, value in expected_state().items()
        if name.startswith("classifier.")
    }
    torch.save({**random_state(), **ramp}, tmp_path / "full.pt")
    config = replace(config, weights=str(tmp_path / "full.pt"))
    features, classes = (
        fill(replace(config, target=target), pictures) for target in ("features", "class")
    )
    assert (features.computed, classes.computed) == (1, 1)
    maps = [
        open_maps(config.data_dir, pictures, "guided", filled.settings)("one")
        for filled in (features, classes)
    ]
    assert not np.array_equal(*maps)
    assert all(each.max() == 254 for each in maps)


def test_other_weights_are_a_miss_but_another_file_is_not(config, pictures, tmp_path):
    fill(config, pictures)
    state = random_state()
    torch.save(state, tmp_path / "same.pt")
    assert fill(replace(config, weights=str(tmp_path / "same.pt")), pictures).computed == 0
    state["features.0.bias"][0] = 1e-3
    torch.save(state, tmp_path / "other.pt")
    assert fill(replace(config, weights=str(tmp_path / "other.pt")), pictures).computed == 4


def test_other_pixels_are_a_miss_for_that_picture_alone(config, pictures, tmp_path):
    fill(config, pictures)
    images = {name: pictures.image(name).copy() for name in SIZES}
    images["tall"][39, 15, 2] ^= 1
    changed = picture_set(tmp_path, images)
    assert fill(config, changed).computed == 1
    renamed = picture_set(tmp_path, {f"{name} again": image for name, image in images.items()})
    assert fill(config, renamed).computed == 0


def test_rules_are_filled_one_by_one(config, pictures):
    assert fill(config, pictures).computed == 4
    filled = fill(replace(config, rules=RULES), pictures)
    assert (filled.computed, filled.reused) == (8, 4)


def test_a_damaged_map_is_computed_again(config, pictures):
    fill(config, pictures)
    whole = maps_in(config.data_dir)
    damaged, cut = list(whole)[:2]
    content = bytearray(whole[damaged])
    content[-40] ^= 8
    damaged.write_bytes(content)
    cut.write_bytes(whole[cut][:100])
    assert fill(config, pictures).computed == 2
    assert maps_in(config.data_dir) == whole


def test_weights_without_classifier_are_refused_for_class(config, pictures):
    with pytest.raises(WeightsError, match="weights=random do not have: pass -P target=features"):
        fill(replace(config, target="class"), pictures)
    assert not maps_in(config.data_dir)


def test_killed_fill_goes_on_where_it_was(config, tmp_path):
    pictures = picture_set(tmp_path, {f"picture {i}": noise(32, 32, i) for i in range(24)})
    process = FORKED.Process(target=fill_alone, args=(config,))
    process.start()
    while len(maps_in(tmp_path)) < 4:
        assert process.is_alive()
        time.sleep(0.005)
    process.kill()
    process.join()
    with pytest.raises(CacheError, match="no saliency maps of folder/small were made yet"):
        open_maps(config.data_dir, pictures, "guided")
    stored = maps_in(tmp_path)
    assert 4 <= len(stored) < 24
    filled = fill(config, pictures)
    assert (filled.computed, filled.reused) == (24 - len(stored), len(stored))
    resumed = maps_in(tmp_path)
    assert stored.items() <= resumed.items()
    # An undisturbed fill ends with the same bytes.
    for path in resumed:
        path.unlink()
    fill(config, pictures)
    assert maps_in(tmp_path) == resumed


def test_four_processes_fill_one_cache_at_once(config, pictures, tmp_path):
    with FORKED.Manager() as manager, FORKED.Pool(4) as pool:
        tasks = [(config, manager.Barrier(4))] * 4
        said = pool.starmap(fill_together, tasks, chunksize=1)
        assert len({filled.digest for filled in said}) == 1
        together = maps_in(tmp_path)
        assert len(together) == 4
        for path in together:
            path.unlink()
        assert pool.apply(fill_alone, (config,)).computed == 4
    assert maps_in(tmp_path) == together


def test_missing_maps_are_refused_with_the_command_that_makes_them(config, pictures):
    with pytest.raises(CacheError) as caught:
        open_maps(config.data_dir, pictures, "guided")
    assert f"-P dataset=folder -P data_dir={config.data_dir} -P rules=guided" in str(caught.value)
    settings = fill(config, pictures).settings
    wanted = replace(settings, preprocessing="raw", weights="/my weights/vgg.pt")
    with pytest.raises(CacheError) as caught:
        open_maps(config.data_dir, pictures, "guided", wanted)
    text = str(caught.value)
    assert "4 of the 4 guided maps of folder/small are not in" in text
    command = shlex.split(text.split("`")[1])
    assert command == [
        *RUN.split(),
        "-e",
        "saliency",
        *("-P", "dataset=folder", "-P", f"data_dir={config.data_dir}", "-P", "rules=guided"),
        *("-P", "weights=/my weights/vgg.pt", "-P", "target=features"),
        *("-P", "preprocessing=raw", "-P", "patch=32", "-P", "precision=fp32"),
    ]
    assert settings.weights_digest in text


def test_maps_of_a_trained_run_are_opened_after_other_maps_were_made(config, pictures):
    first = fill(config, pictures)
    second = fill(replace(config, preprocessing="raw"), pictures)
    assert open_maps(config.data_dir, pictures, "guided").settings == second.settings
    older = open_maps(config.data_dir, pictures, "guided", first.settings)
    newer = open_maps(config.data_dir, pictures, "guided", second.settings)
    assert older.digest != newer.digest
    assert not np.array_equal(older("wide"), newer("wide"))
    assert np.array_equal(pickle.loads(pickle.dumps(older))("wide"), older("wide"))


@pytest.mark.parametrize("content", ["", "{}", '{"settings": {"patch": 3}}', "[1]"])
def test_a_damaged_note_of_the_latest_settings_is_refused(config, pictures, content):
    (pictures.folder / "saliency.json").write_text(content)
    with pytest.raises(CacheError, match=r"saliency\.json is damaged; run `mlflow run"):
        open_maps(config.data_dir, pictures, "guided")
