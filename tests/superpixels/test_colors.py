import numpy as np
import pytest
from skimage.color import rgb2gray, rgb2lab
from skimage.util import img_as_ubyte

from seglab.superpixels.colors import normalise

EVERY_GREY = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
CUBE = np.stack(np.meshgrid(*[np.arange(0, 256, 5)] * 3), axis=-1).reshape(-1, 52, 3)
CUBE = CUBE.astype(np.uint8)


def normalised(image):
    lab = np.empty(image.shape, np.float32)
    return lab, normalise(image, lab)


def test_lab_is_skimages_up_to_mean_and_scale():
    lab, _ = normalised(CUBE)
    expected = rgb2lab(CUBE)
    expected = (expected - expected.mean((0, 1))) / expected.std((0, 1))
    assert lab == pytest.approx(expected, abs=1e-4)


def test_grey_is_skimages():
    _, grey = normalised(CUBE)
    expected = img_as_ubyte(rgb2gray(CUBE)).astype(int)
    assert np.abs(grey - expected).max() <= 1  # exact halves round either way
    assert (grey == expected).mean() > 0.99


def test_channels_of_a_grey_picture_that_do_not_vary_are_only_centred():
    lab, _ = normalised(EVERY_GREY)
    assert lab[0, :, 0].std() == pytest.approx(1, abs=1e-5)
    assert np.abs(lab[0, :, 1:]).max() < 0.02


def test_a_flat_picture_has_no_colour_differences():
    lab, _ = normalised(np.full((3, 4, 3), 200, np.uint8))
    assert np.ptp(lab, axis=(0, 1)).max() == 0
    assert np.abs(lab).max() < 1e-4
