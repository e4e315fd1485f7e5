"""What makes no sense is refused before any work, all at once, in the words that were typed."""

import pytest

from seglab.errors import ConfigError
from seglab.superpixels.config import SuperpixelsConfig


def test_all_faults_are_told_at_once():
    with pytest.raises(ConfigError) as refused:
        SuperpixelsConfig(
            superpixels=0, workers=-1, color_weight=(3.0, -1.0, float("nan"), 3.0), splits=()
        )
    for fault in (
        "--superpixels=0 must be at least 1",
        "--workers=-1 must be at least 0",
        "--splits is empty",
        "--color_weight has 3.0 twice",
        "--color_weight: -1.0 is not",
        "--color_weight: nan is not",
    ):
        assert fault in str(refused.value)


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"method": ()}, "--method is empty"),
        ({"method": ("grid", "grid")}, "--method has grid twice"),
        ({"method": ("slic",), "color_weight": (3.0,)}, "--color_weight is eikonal's"),
        ({"method": ("slic",), "update": False}, "--update is eikonal's"),
        ({"images": "photos", "dataset": "coco"}, "--dataset is of no use with --images"),
        ({"images": "photos", "splits": ("val",)}, "--splits is of no use with --images"),
        ({"images": "photos", "superpixels": 40000}, "above 32768"),
    ],
)
def test_refused(values, fault):
    with pytest.raises(ConfigError, match=fault):
        SuperpixelsConfig(**values)


def test_several_weights_of_colour_sweep_methods_that_have_weights_of_their_own():
    assert SuperpixelsConfig(method=("slic",), color_weight=(2.0, 7.0)).method == ("slic",)
    assert SuperpixelsConfig(superpixels=40000).superpixels == 40000
