import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from seglab.saliency.config import RULES
from seglab.saliency.maps import preprocess, saliency_maps, stream_maps, to_map
from seglab.saliency.vgg import load_vgg16
from tests.saliency.picture_set import noise
from tests.saliency.test_vgg import settings_of


@pytest.fixture(scope="module")
def network():
    return load_vgg16("random")


def test_map_is_the_studys_arithmetic():
    # The study's steps in numpy: abs, max over channels, min–max with Keras' epsilon, truncation.
    gradient = np.random.default_rng(0).normal(0, 0.1, (2, 3, 8, 8)).astype(np.float32)
    expected = []
    for patch in gradient:
        strength = np.abs(patch).max(0)
        low, high = strength.min(), strength.max()
        expected.append((255 * ((strength - low) / (high - low + 1e-7))).astype(np.uint8))
    result = to_map(torch.from_numpy(gradient)).numpy()
    assert np.array_equal(result, expected)
    # Truncation under an epsilon: the peak stays below 255 (study, §2).
    assert result.max() == 254


def test_a_flat_gradient_is_a_black_map():
    assert not to_map(torch.full((1, 3, 4, 4), 0.5)).any()


def test_preprocessing():
    patches = torch.tensor([[[[255, 0, 51]]]], dtype=torch.uint8)
    assert preprocess(patches, "raw").flatten().tolist() == [255, 0, 51]
    expected = [(1 - 0.485) / 0.229, -0.456 / 0.224, (0.2 - 0.406) / 0.225]
    assert preprocess(patches, "imagenet").flatten().tolist() == pytest.approx(expected)


def test_patches_stand_alone_and_padding_is_black(network):
    settings = settings_of(network, patch=48)
    image = noise(60, 50, seed=1)
    maps = saliency_maps(network, image, RULES, settings, batch_size=4)
    padded = np.zeros((96, 96, 3), np.uint8)
    padded[:60, :50] = image
    for rule in RULES:
        assert maps[rule].shape == (60, 50)
        for row, col in np.ndindex(2, 2):
            patch = padded[48 * row :, 48 * col :][None, :48, :48]
            alone = next(stream_maps(network, patch, [rule], settings, batch_size=4))[rule]
            part = maps[rule][48 * row :, 48 * col :][:48, :48]
            assert np.array_equal(part, alone[: part.shape[0], : part.shape[1]])


def test_maps_have_the_same_bytes_whatever_is_computed_beside_them(network):
    settings = settings_of(network, patch=32)
    images = [noise(40, 70, 0), noise(32, 32, 1), noise(65, 33, 2), noise(20, 20, 3)]
    together = list(stream_maps(network, images, RULES, settings, batch_size=5))
    alone = [next(stream_maps(network, [image], RULES, settings, 5)) for image in images]
    backwards = list(stream_maps(network, images[::-1], RULES, settings, 5))[::-1]
    for index, image in enumerate(images):
        for rule in RULES:
            assert together[index][rule].shape == image.shape[:2]
            assert np.array_equal(together[index][rule], alone[index][rule])
            assert np.array_equal(together[index][rule], backwards[index][rule])


def test_rules_asked_for_alone_are_the_same_as_together(network):
    settings = settings_of(network, patch=32)
    image = noise(32, 32, 4)
    together = saliency_maps(network, image, RULES, settings)
    for rule in RULES:
        assert np.array_equal(saliency_maps(network, image, [rule], settings)[rule], together[rule])
    assert len({together[rule].tobytes() for rule in RULES}) == 3


def test_coarser_arithmetic_shows_the_same_maps(network):
    # Noise under random weights is the worst case: ReLUs and max-pooling flip at every near-tie.
    image, settings = noise(64, 64, 5), settings_of(network, patch=64)
    exact = saliency_maps(network, image, RULES, settings)
    for precision, least in (("bf16", 0.9), ("mixed", 0.999)):
        rough = saliency_maps(load_vgg16("random", precision), image, RULES, settings)
        for rule in RULES:
            assert np.corrcoef(exact[rule].ravel(), rough[rule].ravel())[0, 1] > least
            assert not np.array_equal(exact[rule], rough[rule])


@pytest.fixture(scope="module")
def real():
    """VGG16 as trained on ImageNet and the right-hand fighter of iCoseg's kendo picture."""
    if "SEGLAB_DATA" not in os.environ:
        pytest.skip("SEGLAB_DATA names no folder of real data")
    data = Path(os.environ["SEGLAB_DATA"])
    with Image.open(data / "icoseg/subset_80/images/2802722747_0e32525511.jpg") as picture:
        image = np.asarray(picture.convert("RGB"))[70:198, 360:488]
    return data / "vgg16/vgg16_features.pt", image


def test_real_maps_look_as_the_study_shows_them(real):
    # The study's poster: guided draws thin bright outlines on black, backprop speckle, deconv an
    # even texture that hardly depends on the picture.
    path, image = real
    network = load_vgg16(str(path))
    maps = saliency_maps(network, image, RULES, settings_of(network, patch=128))
    dark = {rule: (maps[rule] < 26).mean() for rule in RULES}
    assert dark["guided"] > 0.95 > dark["backprop"] > 0.85 > dark["deconv"]
    edges = np.hypot(*np.gradient(image.mean(2)))
    likeness = {rule: np.corrcoef(edges.ravel(), maps[rule].ravel())[0, 1] for rule in RULES}
    assert likeness["guided"] > 0.25
    assert max(likeness["backprop"], likeness["deconv"]) < 0.1


def test_real_maps_of_mixed_arithmetic_are_those_of_fp32(real):
    path, image = real
    settings = settings_of(load_vgg16(str(path)), patch=128)
    exact, mixed, rough = (
        saliency_maps(load_vgg16(str(path), precision), image, RULES, settings)
        for precision in ("fp32", "mixed", "bf16")
    )
    for rule in RULES:
        gap, most = (np.abs(exact[rule].astype(int) - other[rule]) for other in (mixed, rough))
        assert np.quantile(gap, 0.99) <= 1
        assert not np.array_equal(exact[rule], mixed[rule])  # the way back is coarser
        assert gap.mean() < most.mean() / 5
