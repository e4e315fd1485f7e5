from dataclasses import replace

import pytest

from seglab.saliency.settings import Settings, map_key

SETTINGS = Settings(
    weights="imagenet",
    weights_digest="ab",
    target="class",
    preprocessing="imagenet",
    patch=224,
    precision="fp32",
)


def test_the_name_of_a_weights_file_changes_nothing():
    assert replace(SETTINGS, weights="/some/file.pth").digest == SETTINGS.digest


@pytest.mark.parametrize(
    "change",
    [
        {"weights_digest": "cd"},
        {"target": "features"},
        {"preprocessing": "raw"},
        {"patch": 225},
        {"precision": "bf16"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_all_else_changes_the_digest(change):
    assert replace(SETTINGS, **change).digest != SETTINGS.digest


def test_settings_survive_as_plain_values():
    assert Settings.from_dict({**SETTINGS.as_dict(), "later": "addition"}) == SETTINGS


def test_key_depends_on_rule_and_pixels():
    keys = {map_key(SETTINGS, rule, image) for rule in ("guided", "deconv") for image in "ab"}
    assert len(keys) == 4
