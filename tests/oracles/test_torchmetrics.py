"""Our scores equal torchmetrics' on random masks."""

import numpy as np
import pytest
import torch
from torchmetrics.functional.classification import binary_jaccard_index
from torchmetrics.functional.segmentation import dice_score

from seglab.evaluation.scores import count, dice, iou


@pytest.mark.parametrize("seed", range(8))
def test_iou_and_dice_agree(seed):
    rng = np.random.default_rng(seed)
    height, width = rng.integers(1, 80, size=2)
    share = rng.random(2)
    prediction = rng.random((height, width)) < share[0]
    truth = rng.random((height, width)) < share[1]
    counts = count(prediction, truth)

    p, t = torch.from_numpy(prediction).int(), torch.from_numpy(truth).int()
    assert iou(counts) == pytest.approx(binary_jaccard_index(p, t).item(), abs=1e-6)
    theirs = dice_score(p[None, None], t[None, None], num_classes=1, input_format="one-hot")
    assert dice(counts) == pytest.approx(theirs.item(), abs=1e-6)
