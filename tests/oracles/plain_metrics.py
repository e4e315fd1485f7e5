"""Scores of superpixels by the letter of their definitions, pixel by pixel."""

from math import pi

import numpy as np


def neighbours(labels, y, x):
    """Labels of the 4-neighbours; None beyond the picture's border."""
    height, width = labels.shape
    for v, u in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
        yield labels[v, u] if 0 <= v < height and 0 <= u < width else None


def is_boundary(labels, y, x):
    return any(other not in (None, labels[y, x]) for other in neighbours(labels, y, x))


def boundary_recall(labels, truth, radius):
    height, width = labels.shape
    met = wanted = 0
    for y in range(height):
        for x in range(width):
            if is_boundary(truth, y, x):
                wanted += 1
                met += any(
                    is_boundary(labels, v, u)
                    for v in range(max(0, y - radius), min(height, y + radius + 1))
                    for u in range(max(0, x - radius), min(width, x + radius + 1))
                )
    return met / wanted if wanted else 1


def density(labels):
    return np.mean([is_boundary(labels, *at) for at in np.ndindex(labels.shape)])


def overlaps(labels, truth):
    """|S_j|, then the |S_j ∩ G_i| of each superpixel."""
    for j in np.unique(labels):
        inside = truth[labels == j]
        yield len(inside), [int((inside == i).sum()) for i in np.unique(inside)]


def undersegmentation(labels, truth):
    return sum(area - max(parts) for area, parts in overlaps(labels, truth)) / labels.size


def undersegmentation_np(labels, truth):
    parts = [(part, area - part) for area, parts in overlaps(labels, truth) for part in parts]
    return sum(map(min, parts)) / labels.size


def undersegmentation_achanta(labels, truth):
    counted = sum(
        area for area, parts in overlaps(labels, truth) for part in parts if part > 0.05 * area
    )
    return (counted - labels.size) / labels.size


def compactness(labels, perimeter):
    """``perimeter``: of a pixel, from its label and its neighbours'."""
    total = 0
    for j in np.unique(labels):
        pixels = np.argwhere(labels == j)
        length = sum(perimeter(j, list(neighbours(labels, *at))) for at in pixels)
        total += len(pixels) / labels.size * 4 * pi * len(pixels) / length**2
    return total


def edges(own, others):
    return sum(other != own for other in others)


def rim_pixels(own, others):
    return any(other != own for other in others)


def explained_variation(labels, image):
    values = image.astype(float)
    mean = values.mean((0, 1))
    total = ((values - mean) ** 2).sum()
    between = sum(
        (labels == j).sum() * ((values[labels == j].mean(0) - mean) ** 2).sum()
        for j in np.unique(labels)
    )
    return between / total
