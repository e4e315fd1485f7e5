import pytest
import torch

from seglab.saliency.rules import Rectifier

X = [-1.0, -1.0, 2.0, 2.0]
UPSTREAM = [-5.0, 5.0, -5.0, 5.0]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [("backprop", [0, 0, -5, 5]), ("deconv", [0, 5, 0, 5]), ("guided", [0, 0, 0, 5])],
)
def test_each_rule_on_all_four_sign_pairs(rule, expected):
    x = torch.tensor(X, requires_grad=True)
    rectifier = Rectifier()
    rectifier.rule = rule
    y = rectifier(x)
    assert y.tolist() == [0, 0, 2, 2]
    y.backward(torch.tensor(UPSTREAM))
    assert x.grad.tolist() == expected


def test_the_rule_may_change_after_the_forward_pass():
    x = torch.tensor(X, requires_grad=True)
    rectifier = Rectifier()
    y = rectifier(x)
    upstream = torch.tensor(UPSTREAM)
    gradients = []
    for rule in ("guided", "backprop", "deconv"):
        rectifier.rule = rule
        gradients += torch.autograd.grad(y, x, upstream, retain_graph=True)
    assert [g.tolist() for g in gradients] == [[0, 0, 0, 5], [0, 0, -5, 5], [0, 5, 0, 5]]
    # The rules share the upstream gradient, so none may write into it.
    assert upstream.tolist() == UPSTREAM
