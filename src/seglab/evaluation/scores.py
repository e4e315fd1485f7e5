"""Scores of masks: one pass counts true and false pixels, every score is arithmetic on the four."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, UInt8
from scipy.ndimage import maximum_filter, minimum_filter

MARGIN = 5
"""Pixels on either side of a true border that belong to its margin."""
LEVELS = np.arange(256) / 255
"""Probability that each stored 8-bit value stands for."""


class Counts(NamedTuple):
    """Pixels of a picture by what was predicted and what is true."""

    tp: int
    fp: int
    fn: int
    tn: int


def count(
    prediction: Bool[np.ndarray, "h w"] | UInt8[np.ndarray, "h w"],
    truth: Bool[np.ndarray, "h w"] | UInt8[np.ndarray, "h w"],
) -> Counts:
    """Counts of two masks with shape ``(h, w)``; every value but 0 is object."""
    predicted, true = prediction.astype(bool, copy=False), truth.astype(bool, copy=False)
    tp = int(np.count_nonzero(predicted & true))
    fp = int(np.count_nonzero(predicted)) - tp
    fn = int(np.count_nonzero(true)) - tp
    return Counts(tp, fp, fn, truth.size - tp - fp - fn)


def iou(counts: Counts) -> float:
    """Intersection over union in [0, 1]; 1 when both masks are empty (original study)."""
    union = counts.tp + counts.fp + counts.fn
    return counts.tp / union if union else 1.0


def dice(counts: Counts) -> float:
    """Dice coefficient in [0, 1]; 1 when both masks are empty (original study)."""
    total = 2 * counts.tp + counts.fp + counts.fn
    return 2 * counts.tp / total if total else 1.0


def binarise(probability: UInt8[np.ndarray, "h w"], threshold: float) -> Bool[np.ndarray, "h w"]:
    """Object pixels of a stored probability map: value/255 ≥ ``threshold``.

    The decision falls on the stored 8 bits, as in the original study (0.4, 0.5, 0.6 take values
    from 102, 128, 153), so that whoever reads the stored map scores the same pixels.
    """
    return probability >= int(np.searchsorted(LEVELS, threshold))


def margin_confidence(
    probability: UInt8[np.ndarray, "h w"], truth: UInt8[np.ndarray, "h w"]
) -> float:
    """Mean |p − 0.5| in the margin of the true object, in [0, 0.5]; NaN if it has no border.

    The margin is every pixel with both object and background within ``MARGIN`` pixels in each
    direction (a window of 11×11). Right or wrong does not count: it is how sure the network is
    where objects end, as the saliency study claims of its maps.
    """
    side = 2 * MARGIN + 1
    margin = maximum_filter(truth, side) != minimum_filter(truth, side)
    return float(np.abs(LEVELS[probability[margin]] - 0.5).mean()) if margin.any() else np.nan


def score_rows(
    name: str,
    part: str,
    probability: UInt8[np.ndarray, "h w"],
    truth: UInt8[np.ndarray, "h w"],
    thresholds: Sequence[float],
) -> list[dict[str, object]]:
    """One row a threshold: image, part, threshold, tp, fp, fn, tn, iou, dice, margin (its
    confidence, the same in all), height, width."""
    height, width = truth.shape
    margin = margin_confidence(probability, truth)
    rows: list[dict[str, object]] = []
    for threshold in thresholds:
        counts = count(binarise(probability, threshold), truth)
        rows.append(
            {
                "image": name,
                "part": part,
                "threshold": threshold,
                **counts._asdict(),
                "iou": iou(counts),
                "dice": dice(counts),
                "margin": margin,
                "height": height,
                "width": width,
            }
        )
    return rows
