"""Eikonal superpixels by the original study's scheme, plainly: full marches over a binary heap.

Written to be read beside the study's description, not to be fast: about a second for 400
superpixels of a BSDS500 picture.
"""

from heapq import heappop, heappush

import numpy as np
from numba import njit
from scipy.ndimage import binary_dilation, maximum_position
from skimage.color import rgb2gray, rgb2lab
from skimage.filters.rank import gradient
from skimage.morphology import disk
from skimage.segmentation import find_boundaries
from skimage.util import img_as_ubyte

CELL, BATCH = 25, 20


def eikonal_of_the_study(image, superpixels, color_weight, update):
    """Labels 0…K-1: on BSDS500 228 seeds, then nine rounds of 20, each marched from scratch."""
    lab = normalised(image)
    seeds = seeds_on_grid(gradient(img_as_ubyte(rgb2gray(image)), disk(1)))
    while True:
        labels, times = march(lab, np.array(seeds), color_weight, update)
        missing = superpixels - len(seeds)
        if missing <= 0:
            return labels - 1
        seeds += farthest_pixels(labels, times)[: min(BATCH, missing)]


def normalised(image):
    """Lab channels of mean 0 and standard deviation 1."""
    lab = rgb2lab(image)
    return (lab - lab.mean((0, 1))) / lab.std((0, 1))


def seeds_on_grid(steepness):
    """The flattest pixel of each cell's middle; last row and column search to the border."""
    height, width = steepness.shape
    rows, cols = height // CELL, width // CELL
    seeds = []
    for row in range(rows):
        for col in range(cols):
            top, left = CELL * row + CELL // 4, CELL * col + CELL // 4
            bottom, right = top + CELL // 2, left + CELL // 2
            if row == rows - 1:
                top, bottom = CELL * row, height
            if col == cols - 1:
                left, right = CELL * col, width
            window = steepness[top:bottom, left:right]
            y, x = np.unravel_index(window.argmin(), window.shape)
            seeds.append((top + y, left + x))
    return seeds


def farthest_pixels(labels, times):
    """Each region's pixel of latest arrival away from boundaries, the latest region first."""
    near = binary_dilation(find_boundaries(labels), disk(3))
    inner = np.where(near, 0, times)
    places = maximum_position(inner, labels, np.arange(1, labels.max() + 1))
    return sorted(places, key=lambda place: -inner[place])


@njit(cache=True)
def march(lab, seeds, weight, update):
    """Labels 1…K and arrival times; heap entries outdated by a better one are skipped."""
    height, width = lab.shape[:2]
    labels = np.zeros((height, width), np.int64)
    times = np.full((height, width), np.inf)
    frozen = np.zeros((height, width), np.bool_)
    colors = np.zeros((len(seeds) + 1, 3))
    counts = np.ones(len(seeds) + 1)
    heap = [(0.0, seeds[0, 0], seeds[0, 1])]
    heap.clear()
    for index in range(len(seeds)):
        y, x = seeds[index]
        labels[y, x] = index + 1
        times[y, x] = 0
        for channel in range(3):
            colors[index + 1, channel] = lab[y, x, channel]
        heappush(heap, (0.0, y, x))
    while heap:
        _, y, x = heappop(heap)
        if frozen[y, x]:
            continue
        frozen[y, x] = True
        label = labels[y, x]
        if update:
            counts[label] += 1
            for channel in range(3):
                colors[label, channel] += (lab[y, x, channel] - colors[label, channel]) / counts[
                    label
                ]
        for dy, dx in ((-1, 0), (1, 0), (0, -1), (0, 1)):
            v, u = y + dy, x + dx
            if 0 <= v < height and 0 <= u < width and not frozen[v, u]:
                squares = 0.0
                for channel in range(3):
                    squares += (lab[v, u, channel] - colors[label, channel]) ** 2
                slowness = np.exp(weight * np.sqrt(squares / 3))
                a = earliest(times, labels, frozen, v, u, 1, 0, label)
                b = earliest(times, labels, frozen, v, u, 0, 1, label)
                time = upwind(a, b, slowness)
                if time < times[v, u]:
                    times[v, u] = time
                    labels[v, u] = label
                    heappush(heap, (time, v, u))
    return labels, times


@njit(cache=True)
def earliest(times, labels, frozen, y, x, dy, dx, label):
    """Arrival time of the earlier of the two frozen neighbours on one axis that have ``label``."""
    best = np.inf
    for v, u in ((y - dy, x - dx), (y + dy, x + dx)):
        inside = 0 <= v < times.shape[0] and 0 <= u < times.shape[1]
        if inside and frozen[v, u] and labels[v, u] == label:
            best = min(best, times[v, u])
    return best


@njit(cache=True)
def upwind(a, b, slowness):
    """Arrival time from the earliest neighbours of both axes."""
    if abs(a - b) >= slowness:
        return min(a, b) + slowness
    return (a + b + np.sqrt(2 * slowness**2 - (a - b) ** 2)) / 2
