from typing import get_args

import numpy as np
import pytest

from seglab.data.config import InputsName
from seglab.data.inputs import parse_inputs, stack
from seglab.errors import ConfigError

IMAGE = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
MAP = np.arange(8, dtype=np.uint8).reshape(2, 4) + 100

TITLES = {  # names in the study's results table (its §5a), without the network's
    "rgb": (3, "RGB"),
    "backprop": (1, "SAL MAP NONE"),
    "deconv": (1, "SAL MAP DECONV"),
    "guided": (1, "SAL MAP GUIDED"),
    "rgb+backprop": (4, "RGB SAL MAP NONE"),
    "rgb+deconv": (4, "RGB SAL MAP DECONV"),
    "rgb+guided": (4, "RGB SAL MAP GUIDED"),
}


@pytest.mark.parametrize("name", get_args(InputsName))
def test_every_choice_has_channels_title_and_stack(name: str) -> None:
    inputs = parse_inputs(name)
    assert (inputs.channels, inputs.title) == TITLES[name]
    stacked = stack(inputs, IMAGE, MAP)
    assert stacked.shape == (2, 4, inputs.channels)
    if inputs.rgb:
        np.testing.assert_array_equal(stacked[..., :3], IMAGE)
    if inputs.rule:
        assert inputs.rule in name
        np.testing.assert_array_equal(stacked[..., -1], MAP)


@pytest.mark.parametrize("name", ["", "rgb+", "RGB", "guided+rgb", "rgb+guided+deconv"])
def test_other_names_are_refused_with_the_choices(name: str) -> None:
    with pytest.raises(ConfigError, match=r"choose one of rgb, backprop, .*rgb\+guided"):
        parse_inputs(name)


def test_a_missing_map_is_told() -> None:
    with pytest.raises(ValueError, match=r"'rgb\+guided' need a saliency map"):
        stack(parse_inputs("rgb+guided"), IMAGE, None)
    assert stack(parse_inputs("rgb"), IMAGE, None) is IMAGE
