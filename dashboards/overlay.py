"""What a threshold makes of a stored probability map: scores at every threshold, and the colours.

Everything is made once a picture: moving the threshold afterwards is looking a number up.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float, Int, UInt8

from seglab.evaluation.scores import LEVELS, Counts, dice, iou
from seglab.figures.style import FRAME, GREEN, SKY, VERMILLION, rgb

STEPS: Float[np.ndarray, " steps"] = np.arange(1, 100) / 100
"""Thresholds that can be chosen."""
FIRST: Int[np.ndarray, " steps"] = np.searchsorted(LEVELS, STEPS)
"""The first stored value that counts as object at each of them (``scores.binarise``)."""
COLOURS = {
    "true positive": GREEN,
    "false positive": VERMILLION,
    "false negative": SKY,
    "true negative": FRAME,
}


class Swept(NamedTuple):
    """Scores of a picture at each of ``STEPS``."""

    iou: list[float]
    dice: list[float]


def sweep(probability: UInt8[np.ndarray, "h w"], truth: UInt8[np.ndarray, "h w"]) -> Swept:
    """IoU and Dice of a stored map (255·p) at every threshold, from one count of its values.

    The same numbers as ``scores.score_rows`` gives threshold by threshold: counts are exact.
    """
    inside = np.bincount(probability[truth != 0], minlength=256)
    all_pixels = np.bincount(probability.ravel(), minlength=256)
    # Pixels of at least each value: sums from the end.
    hits = inside[::-1].cumsum()[::-1][FIRST].tolist()
    predicted = all_pixels[::-1].cumsum()[::-1][FIRST].tolist()
    true, size = int(inside.sum()), truth.size
    counts = [
        Counts(tp, taken - tp, true - tp, size - taken - true + tp)
        for tp, taken in zip(hits, predicted, strict=True)
    ]
    return Swept([iou(c) for c in counts], [dice(c) for c in counts])


def palette() -> dict[str, tuple[int, ...]]:
    """The four colours of pixels by their names."""
    return {name: rgb(colour) for name, colour in COLOURS.items()}


def ordered(scores: pd.DataFrame, by: str) -> list[str]:
    """Names of pictures as they are paged through.

    ``scores`` has a row a picture (index) and a column a run. ``by`` is score (the worst of the
    first run first), disagreement (where runs differ most first) or name.
    """
    if scores.empty:
        return []
    if by == "score":
        keys = scores.iloc[:, 0]
    elif by == "disagreement":
        keys = -(scores.max(axis=1) - scores.min(axis=1))
    else:
        keys = pd.Series(0.0, scores.index)
    table = pd.DataFrame({"key": keys, "name": scores.index})
    return list(table.sort_values(["key", "name"])["name"])
