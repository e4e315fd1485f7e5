"""Scores of a superpixel segmentation: against annotators, against its picture, and of its shapes.

N is the number of pixels, S_j a superpixel, G_i a segment of one annotator. Boundaries are those of
the original study and of Stutz et al.: every pixel with a 4-neighbour of another label, so two
pixels thick. Sources: [Stutz] D. Stutz, A. Hermans, B. Leibe, "Superpixels: an evaluation of the
state of the art", CVIU 166, 2018; [report] the original study's report and code, whose numbers
the columns without a suffix continue.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Bool, Int, UInt8

from seglab.superpixels.counts import color_sums, contingency, perimeters

Labels: TypeAlias = Int[np.ndarray, "h w"]
Table: TypeAlias = Int[np.ndarray, "superpixels segments"]
Row: TypeAlias = dict[str, float]


class Annotation(NamedTuple):
    """One annotator's segments and what scores against them need, made once for many labels."""

    segments: Labels
    boundary: Bool[np.ndarray, "h w"]
    near: Bool[np.ndarray, "h w"]
    """Pixels of the 5×5 windows around the boundary."""


def annotation(segments: Labels) -> Annotation:
    """``segments`` (any labels ≥ 0) made ready for scoring."""
    boundary = boundaries(segments)
    return Annotation(segments, boundary, dilate(boundary, 2))


def score_row(
    labels: Labels, image: UInt8[np.ndarray, "h w 3"], truths: Sequence[Labels | Annotation]
) -> Row:
    """All scores of one picture: those against ``truths`` are means over its annotators."""
    prepared = [each if isinstance(each, Annotation) else annotation(each) for each in truths]
    return picture_scores(labels, image) | annotator_mean(annotators_scores(labels, prepared))


def annotator_mean(rows: Iterable[Row]) -> Row:
    """Mean of each score over the annotators of a picture; each annotator weighs the same."""
    rows = list(rows)
    return {name: sum(row[name] for row in rows) / len(rows) for name in rows[0]} if rows else {}


def picture_scores(labels: Labels, image: UInt8[np.ndarray, "h w 3"]) -> Row:
    """The scores that need no annotator; ``superpixels`` is the number of labels really there."""
    areas = np.bincount(labels.ravel())
    edges, rims = perimeters(labels).T
    return {
        "superpixels": int(np.count_nonzero(areas)),
        "compactness": compactness(areas, edges),
        "compactness_pixels": compactness(areas, rims),
        "explained_variation": explained_variation(labels, image),
        "density": float(boundaries(labels).mean()),
    }


def annotator_scores(labels: Labels, truth: Labels) -> Row:
    """The scores against one annotator's segments ``truth`` (any labels ≥ 0)."""
    return annotators_scores(labels, [annotation(truth)])[0]


def annotators_scores(labels: Labels, truths: Sequence[Annotation]) -> list[Row]:
    """The scores against each annotator of a picture."""
    found = boundaries(labels)
    near, beside = dilate(found, 2), dilate(found, 1)
    rows = []
    for segments, true, near_true in truths:
        table = contingency(labels, segments)
        accuracy = achievable_accuracy(table)
        rows.append(
            {
                "boundary_recall": share_within(true, near),
                "boundary_recall_3x3": share_within(true, beside),
                "precision": share_within(found, near_true),
                "undersegmentation": 1 - accuracy,
                "undersegmentation_np": neubert_protzel_error(table),
                "undersegmentation_achanta": achanta_error(table),
                "achievable_accuracy": accuracy,
            }
        )
    return rows


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
        mask = source.copy(order="K")  # in memory as it is: a transposed copy is slow
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
    boundary: nothing was missed. With both boundaries exchanged it is the report's precision: 1
    if no boundary was found, for none is wrong.
    """
    return share_within(true, dilate(found, radius))


def share_within(boundary: Bool[np.ndarray, "h w"], near: Bool[np.ndarray, "h w"]) -> float:
    """Share of a boundary's pixels that lie ``near`` the other; 1 if it has none."""
    pixels = np.count_nonzero(boundary)
    return float(np.count_nonzero(boundary & near) / pixels) if pixels else 1.0


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


def compactness(
    areas: Int[np.ndarray, " superpixels"], perimeters: Int[np.ndarray, " superpixels"]
) -> float:
    """Isoperimetric quotients weighted by area: Σ_j (|S_j| / N) · 4π |S_j| / L_j² (Schick et al.).

    With perimeters in pixel edges as in [Stutz]: a grid of squares has π/4, nothing exceeds it by
    much. With perimeters in pixels as in the report: larger, circles exceed 1.
    """
    there = areas > 0
    quotients = 4 * np.pi * areas[there] / perimeters[there].astype(float) ** 2
    return float(np.average(quotients, weights=areas[there]))


def explained_variation(labels: Labels, image: UInt8[np.ndarray, "h w 3"]) -> float:
    """Share of the picture's RGB variance that lies between superpixels [Stutz].

    Σ_j |S_j| (μ_j − μ)² / Σ_p (I(p) − μ)², summed over channels; 1 if the picture is flat.
    """
    areas = np.bincount(labels.ravel())
    there = areas > 0
    sums, squares = color_sums(labels, image)
    of_all = np.array([int(total) ** 2 for total in sums.sum(axis=0)], object)
    # Python's integers: a flat picture varies by exactly 0, and no picture is too large.
    total = int((labels.size * squares.astype(object) - of_all).sum())
    within = (sums[there].astype(float) ** 2 / areas[there, None]).sum(axis=0)
    between = float((labels.size * within - of_all.astype(float)).sum())
    return between / total if total else 1.0
