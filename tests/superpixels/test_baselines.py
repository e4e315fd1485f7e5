import numpy as np
import pytest
from scipy.ndimage import label
from skimage.data import astronaut

from seglab.errors import ConfigError
from seglab.superpixels.baselines import BASELINES, DEFAULT_WEIGHTS, baseline
from seglab.superpixels.metrics import picture_scores

PHOTO = np.ascontiguousarray(astronaut()[::3, ::4])


@pytest.mark.parametrize("method", BASELINES)
def test_labels_run_from_zero_and_are_about_as_many_as_asked_for(method):
    labels = baseline(method, PHOTO, 100)
    assert labels.dtype == np.int32
    assert labels.shape == PHOTO.shape[:2]
    found = np.unique(labels)
    assert np.array_equal(found, np.arange(len(found)))
    assert 50 < len(found) < 150


@pytest.mark.parametrize("method", [name for name in BASELINES if name != "felzenszwalb"])
def test_regions_are_connected(method):
    labels = baseline(method, PHOTO, 100)
    assert all(label(labels == k)[1] == 1 for k in np.unique(labels))


@pytest.mark.parametrize("method", BASELINES)
@pytest.mark.parametrize("shape", [(1, 1), (1, 30), (30, 1), (8, 9)])
def test_small_and_flat_pictures(method, shape):
    labels = baseline(method, np.full((*shape, 3), 90, np.uint8), 7)
    assert labels.shape == shape
    assert labels.min() == 0


@pytest.mark.parametrize("method", ["slic", "compact_watershed"])
def test_more_weight_makes_compacter_regions(method):
    scores = [
        picture_scores(baseline(method, PHOTO, 100, factor * DEFAULT_WEIGHTS[method]), PHOTO)
        for factor in (1, 10)
    ]
    assert scores[0]["compactness"] < scores[1]["compactness"]


def test_a_grid_is_of_squares():
    labels = baseline("grid", np.zeros((40, 60, 3), np.uint8), 24)
    assert np.array_equal(labels, (np.arange(40) // 10)[:, None] * 6 + np.arange(60) // 10)


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ConfigError, match="slic, slic_zero"):
        baseline("seeds", PHOTO)
    with pytest.raises(ConfigError, match="--superpixels=0"):
        baseline("slic", PHOTO, 0)
    with pytest.raises(ConfigError, match="grid has no weight"):
        baseline("grid", PHOTO, 10, 1.0)
