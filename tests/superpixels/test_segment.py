"""Every method by its name, of the picture alone."""

import inspect
from typing import get_args

import numpy as np
import pytest
from skimage.data import astronaut

from seglab.errors import ConfigError
from seglab.superpixels.baselines import BASELINES, DEFAULT_WEIGHTS, baseline
from seglab.superpixels.config import Method
from seglab.superpixels.eikonal import eikonal
from seglab.superpixels.segment import SWEEPS, segment, weights_of

PHOTO = np.ascontiguousarray(astronaut()[::4, ::5])


def test_every_method_of_the_command_line_segments():
    assert set(get_args(Method)) == {"eikonal", *BASELINES}


@pytest.mark.parametrize("method", BASELINES)
def test_baselines_are_theirs_with_their_default_weight(method):
    np.testing.assert_array_equal(
        segment(method, PHOTO, 50, *weights_of(method, (7.0,)), True), baseline(method, PHOTO, 50)
    )


@pytest.mark.parametrize("update", [False, True])
def test_eikonal_takes_weight_and_update(update):
    np.testing.assert_array_equal(
        segment("eikonal", PHOTO, 50, 3.0, update), eikonal(PHOTO, 50, 3.0, update)
    )


def test_no_annotator_can_reach_a_segmentation():
    """All that goes in is the picture and numbers: the original handed the truth to its method."""
    parameters = inspect.signature(segment).parameters
    assert list(parameters) == ["method", "image", "superpixels", "weight", "update"]
    arrays = [name for name, given in parameters.items() if "ndarray" in repr(given.annotation)]
    assert arrays == ["image"]


def test_one_weight_of_colour_makes_points_and_several_make_curves():
    assert weights_of("eikonal", (5.0, 2.0)) == (5.0, 2.0)
    assert weights_of("slic", (5.0,)) == (DEFAULT_WEIGHTS["slic"],)
    assert weights_of("slic", (5.0, 2.0)) == SWEEPS["slic"]
    assert weights_of("grid", (5.0, 2.0)) == (None,)
    assert set(SWEEPS) == set(DEFAULT_WEIGHTS)
    assert all(DEFAULT_WEIGHTS[method] in SWEEPS[method] for method in SWEEPS)


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ConfigError, match="slic, slic_zero"):
        segment("seeds", PHOTO, 50, None, True)
    with pytest.raises(ConfigError, match="--color_weight"):
        segment("eikonal", PHOTO, 50, None, True)
