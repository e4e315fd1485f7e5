import math

import pytest
import torch

from seglab.errors import WeightsError
from seglab.saliency.settings import Settings
from seglab.saliency.vgg import expected_state, load_matching, load_vgg16


@pytest.fixture(scope="module")
def random_network():
    return load_vgg16("random")


def settings_of(network, **changes):
    values = {
        "weights": network.label,
        "weights_digest": network.digest,
        "target": "features",
        "preprocessing": "imagenet",
        "patch": 32,
        "precision": "fp32",
    }
    return Settings(**(values | changes))


def test_random_weights_are_he_normal_convolutions_and_always_the_same(random_network):
    assert random_network.label == "random"
    assert not random_network.has_classifier
    assert random_network.digest == load_vgg16("random").digest
    weight = random_network.features[28].weight
    assert weight.std().item() == pytest.approx(math.sqrt(2 / (512 * 9)), rel=0.01)
    assert not random_network.features[28].bias.any()


def test_weights_are_frozen_and_channels_last(random_network):
    assert not any(p.requires_grad for p in random_network.parameters())
    assert random_network.features[28].weight.is_contiguous(memory_format=torch.channels_last)


def test_a_full_state_dict_has_a_classifier(tmp_path):
    # Expanded zeros keep the file small; read, they are VGG16's 528 MB.
    state = {name: torch.zeros(1).expand(v.shape) for name, v in expected_state().items()}
    state["classifier.6.bias"] = torch.arange(1000.0)
    torch.save(state, tmp_path / "full.pt")
    network = load_vgg16(str(tmp_path / "full.pt"), "bf16")
    assert network.has_classifier
    assert network.precision == "bf16"
    score = network.score(torch.zeros(2, 3, 32, 32, dtype=torch.bfloat16), "class")
    assert score.tolist() == [1000.0, 1000.0]  # 999 rounded to eight bits: the largest logit


def test_score_of_features_is_the_strongest_channels_mean(random_network):
    x = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    activations = random_network.features[:30](x)
    expected = [max(channel.mean().item() for channel in picture) for picture in activations]
    assert random_network.score(x, "features").tolist() == pytest.approx(expected)


def test_matching_weights_are_found_under_another_name(random_network, tmp_path, monkeypatch):
    elsewhere = tmp_path / "elsewhere.pt"
    torch.save(random_network.state_dict(), elsewhere)
    wanted = settings_of(random_network, weights="/gone/weights.pt")
    monkeypatch.setenv("SEGLAB_VGG16_WEIGHTS", str(elsewhere))
    assert load_matching(wanted).digest == random_network.digest
    with pytest.raises(WeightsError) as caught:
        load_matching(settings_of(random_network, weights_digest="0123"))
    text = str(caught.value)
    assert "digest 0123 were not found" in text
    assert f"{elsewhere} has the digest {random_network.digest}" in text
    assert "SEGLAB_VGG16_WEIGHTS=" in text
