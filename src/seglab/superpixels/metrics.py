"""Scores of a superpixel segmentation: against annotators, against its picture, and of its shapes.

N is the number of pixels, S_j a superpixel, G_i a segment of one annotator. Boundaries are those of
the original study and of Stutz et al.: every pixel with a 4-neighbour of another label, so two
pixels thick. Sources: [Stutz] D. Stutz, A. Hermans, B. Leibe, "Superpixels: an evaluation of the
state of the art", CVIU 166, 2018; [report] the original study's report and code, whose numbers
the columns without a suffix continue.
"""

from collections.abc import Iterable, Sequence
from typing import TypeAlias

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

Labels: TypeAlias = Int[np.ndarray, "h w"]
Table: TypeAlias = Int[np.ndarray, "superpixels segments"]
Row: TypeAlias = dict[str, float]


def score_row(labels: Labels, image: UInt8[np.ndarray, "h w 3"], truths: Sequence[Labels]) -> Row:
    """All scores of one picture: those against ``truths`` are means over its annotators."""
    against = annotator_mean([annotator_scores(labels, truth) for truth in truths])
    return picture_scores(labels, image) | against


def annotator_mean(rows: Iterable[Row]) -> Row:
    """Mean of each score over the annotators of a picture; each annotator weighs the same."""
    rows = list(rows)
    return {name: sum(row[name] for row in rows) / len(rows) for name in rows[0]} if rows else {}


def picture_scores(labels: Labels, image: UInt8[np.ndarray, "h w 3"]) -> Row:
    """The scores that need no annotator; ``superpixels`` is the number of labels really there."""
    areas = np.bincount(labels.ravel())
    return {
        "superpixels": int(np.count_nonzero(areas)),
        "compactness": compactness(areas, edge_perimeters(labels)),
        "compactness_pixels": compactness(areas, pixel_perimeters(labels)),
        "explained_variation": explained_variation(labels, image),
        "density": float(boundaries(labels).mean()),
    }


def annotator_scores(labels: Labels, truth: Labels) -> Row:
    """The scores against one annotator's segments ``truth`` (any labels ≥ 0)."""
    found, true = boundaries(labels), boundaries(truth)
    table = contingency(labels, truth)
    return {
        "boundary_recall": boundary_recall(found, true, radius=2),
        "boundary_recall_3x3": boundary_recall(found, true, radius=1),
        "precision": boundary_precision(found, true, radius=2),
        "undersegmentation": 1 - achievable_accuracy(table),
        "undersegmentation_np": neubert_protzel_error(table),
        "undersegmentation_achanta": achanta_error(table),
        "achievable_accuracy": achievable_accuracy(table),
    }


def boundaries(labels: Labels) -> Bool[np.ndarray, "h w"]:
    """Pixels with a 4-neighbour of another label: both sides of each border."""
    thick = np.zeros(labels.shape, bool)
    down, right = labels[1:] != labels[:-1], labels[:, 1:] != labels[:, :-1]
    thick[1:] |= down
    thick[:-1] |= down
    thick[:, 1:] |= right
    thick[:, :-1] |= right
    return thick


def dilate(mask: Bool[np.ndarray, "h w"], radius: int) -> Bool[np.ndarray, "h w"]:
    """Pixels within a square of 2·``radius`` + 1 around any pixel of ``mask``."""
    for _ in range(2):  # rows, then columns, which leaves the axes as they were
        source = mask = np.swapaxes(mask, 0, 1)
        mask = source.copy()
        for step in range(1, min(radius, len(source) - 1) + 1):
            mask[step:] |= source[:-step]
            mask[:-step] |= source[step:]
    return mask


def boundary_recall(
    found: Bool[np.ndarray, "h w"], true: Bool[np.ndarray, "h w"], radius: int
) -> float:
    """Share of the true boundary with a found boundary in the (2·radius + 1)² window around it.

    Radius 2 (5×5) is the report's; radius 1 (3×3) its second one and [Stutz]'s "Rec", where the
    radius is 0.0025 of the picture's diagonal, rounded: 1 on BSDS500. 1 if there is no true
    boundary: nothing was missed.
    """
    wanted = np.count_nonzero(true)
    return float(np.count_nonzero(dilate(found, radius) & true) / wanted) if wanted else 1.0


def boundary_precision(
    found: Bool[np.ndarray, "h w"], true: Bool[np.ndarray, "h w"], radius: int
) -> float:
    """Share of the found boundary with a true boundary in the window around it [report, 5×5].

    1 if no boundary was found: none is wrong.
    """
    return boundary_recall(true, found, radius)


def contingency(labels: Labels, truth: Labels) -> Table:
    """Pixels of each (superpixel, segment) pair: |S_j ∩ G_i| at row j, column i."""
    segments = int(truth.max()) + 1
    pairs = labels.astype(np.intp) * segments + truth
    cells = (int(labels.max()) + 1) * segments
    return np.bincount(pairs.ravel(), minlength=cells).reshape(-1, segments)


def achievable_accuracy(table: Table) -> float:
    """Achievable segmentation accuracy [Stutz]: (1/N) Σ_j max_i |S_j ∩ G_i|.

    One minus this is what the report calls undersegmentation error.
    """
    return float(table.max(axis=1).sum() / table.sum())


def neubert_protzel_error(table: Table) -> float:
    """Undersegmentation error of Neubert and Protzel [Stutz].

    (1/N) Σ_i Σ_{j: S_j ∩ G_i ≠ ∅} min(|S_j ∩ G_i|, |S_j \\ G_i|).
    """
    outside = table.sum(axis=1, keepdims=True) - table
    return float(np.minimum(table, outside).sum() / table.sum())


def achanta_error(table: Table, tolerance: float = 0.05) -> float:
    """Undersegmentation error of Achanta et al. (PAMI 34, 2012), the formula the report prints.

    (1/N) [Σ_i Σ_{j: |S_j ∩ G_i| > tolerance · |S_j|} |S_j| − N].
    """
    areas = table.sum(axis=1, keepdims=True)
    counted = (areas * (table > tolerance * areas)).sum()
    return float(counted / table.sum() - 1)


def edge_perimeters(labels: Labels) -> Int[np.ndarray, " superpixels"]:
    """Per superpixel, the pixel edges it shares with another label or the picture's border."""
    count = int(labels.max()) + 1
    lengths = np.zeros(count, np.intp)
    for along in (labels, labels.T):
        differs = along[1:] != along[:-1]
        for side in (along[1:][differs], along[:-1][differs], along[0], along[-1]):
            lengths += np.bincount(side, minlength=count)
    return lengths


def pixel_perimeters(labels: Labels) -> Int[np.ndarray, " superpixels"]:
    """Per superpixel, its pixels that touch another label or the picture's border [report]."""
    rim = boundaries(labels)
    rim[[0, -1]] = True
    rim[:, [0, -1]] = True
    return np.bincount(labels[rim], minlength=int(labels.max()) + 1)


def compactness(
    areas: Int[np.ndarray, " superpixels"], perimeters: Int[np.ndarray, " superpixels"]
) -> float:
    """Isoperimetric quotients weighted by area: Σ_j (|S_j| / N) · 4π |S_j| / L_j² (Schick et al.).

    With ``edge_perimeters`` as in [Stutz]: a grid of squares has π/4, nothing exceeds it by much.
    With ``pixel_perimeters`` as in the report: larger, circles exceed 1.
    """
    there = areas > 0
    quotients = 4 * np.pi * areas[there] / perimeters[there].astype(float) ** 2
    return float(np.average(quotients, weights=areas[there]))


def explained_variation(labels: Labels, image: UInt8[np.ndarray, "h w 3"]) -> float:
    """Share of the picture's RGB variance that lies between superpixels [Stutz].

    Σ_j |S_j| (μ_j − μ)² / Σ_p (I(p) − μ)², summed over channels; 1 if the picture is flat.
    """
    flat = labels.ravel()
    areas = np.bincount(flat)
    there = areas > 0
    between = total = 0.0
    for channel in np.moveaxis(image.reshape(-1, 3), 1, 0):
        values = channel.astype(float)
        mean = values.mean()
        sums: Float[np.ndarray, " superpixels"] = np.bincount(flat, weights=values - mean)
        between += float((sums[there] ** 2 / areas[there]).sum())
        total += float(((values - mean) ** 2).sum())
    return between / total if total else 1.0
