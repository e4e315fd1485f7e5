"""Our gradients are captum's, rule by rule, on torchvision's VGG16."""

import warnings

import pytest
import torch
from captum.attr import Deconvolution, GuidedBackprop, Saliency
from torchvision.models import vgg16

from seglab.saliency.config import RULES
from seglab.saliency.vgg import Vgg16

ATTRIBUTION = {"backprop": Saliency, "deconv": Deconvolution, "guided": GuidedBackprop}


class ChannelMeans(torch.nn.Module):
    """Mean activation of every channel of the last convolution, after its ReLU."""

    def __init__(self, theirs):
        super().__init__()
        self.features = theirs.features[:-1]

    def forward(self, x):
        return self.features(x).mean((2, 3))


@pytest.fixture(scope="module")
def networks():
    """torchvision's VGG16 with seeded random weights, and ours with the same."""
    torch.manual_seed(0)
    theirs = vgg16().eval().requires_grad_(False)
    ours = Vgg16()
    ours.load_state_dict(theirs.state_dict())
    return theirs, ours.eval().requires_grad_(False)


def captum(rule, model, x, scores):
    options = {"abs": False} if rule == "backprop" else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that it sets hooks
        return ATTRIBUTION[rule](model).attribute(
            x.clone().requires_grad_(), target=scores.argmax(1), **options
        )


@pytest.mark.parametrize("target", ["class", "features"])
def test_three_rules_over_one_forward_pass_equal_captum(networks, target):
    theirs, ours = networks
    model = theirs if target == "class" else ChannelMeans(theirs)
    # Sides that every pooling but the first two leaves a remainder of.
    x = torch.randn(2, 3, 68, 76, generator=torch.Generator().manual_seed(0))
    input_ = x.clone().requires_grad_()
    score = ours.score(input_, target).sum()
    scores = model(x)
    assert torch.allclose(score, scores.amax(1).sum())
    for rule in RULES:
        ours.rectifier.rule = rule
        (gradient,) = torch.autograd.grad(score, input_, retain_graph=True)
        expected = captum(rule, model, x, scores)
        assert expected.abs().max() > 0
        difference = (gradient - expected).abs().max() / expected.abs().max()
        assert difference < 1e-5, rule
