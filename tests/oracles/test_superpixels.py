"""Our superpixels are the study's and our scores those of their definitions."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import loadmat
from skimage.data import astronaut
from skimage.filters.rank import gradient
from skimage.morphology import disk

from seglab.superpixels.colors import normalise
from seglab.superpixels.eikonal import eikonal
from seglab.superpixels.metrics import annotator_scores, picture_scores, score_row
from seglab.superpixels.seeds import cell_side, flattest_pixels
from tests.oracles import heap_marching, plain_metrics

BSDS_SHAPE = (321, 481)
PHOTO = np.ascontiguousarray(astronaut()[20:341, 10:491])
AGREED = ("boundary_recall", "undersegmentation", "compactness", "compactness_pixels")


def test_seeds_of_a_bsds_picture_are_the_study_s():
    grey = normalise(PHOTO, np.empty(PHOTO.shape, np.float32))
    assert cell_side(*BSDS_SHAPE, 400) == heap_marching.CELL
    expected = heap_marching.seeds_on_grid(gradient(grey, disk(1)))
    assert flattest_pixels(grey, heap_marching.CELL).tolist() == [list(at) for at in expected]


@pytest.mark.parametrize("update", [False, True])
@pytest.mark.parametrize("color_weight", [0.0, 4.0, 7.0])
def test_one_march_labels_as_a_heap_does(update, color_weight, monkeypatch):
    # With as many superpixels as cells nothing is refined. Labels differ where arrivals nearly tie.
    monkeypatch.setattr("seglab.superpixels.eikonal.cell_side", lambda *shape: heap_marching.CELL)
    ours = eikonal(PHOTO, 12 * 19, color_weight, update)
    theirs = heap_marching.eikonal_of_the_study(PHOTO, 12 * 19, color_weight, update)
    assert (ours == theirs).mean() > (0.98 if update else 0.99)


def pictures(count):
    if "SEGLAB_DATA" not in os.environ:
        pytest.skip("SEGLAB_DATA names no folder of real data")
    folder = Path(os.environ["SEGLAB_DATA"]) / "bsds500"
    names = sorted(path.stem for path in (folder / "images" / "train").glob("*.jpg"))
    for name in names[:: len(names) // count][:count]:
        truth = loadmat(folder / "groundTruth" / "train" / f"{name}.mat")["groundTruth"][0]
        truths = [each["Segmentation"][0, 0].astype(int) for each in truth]
        yield np.array(Image.open(folder / "images" / "train" / f"{name}.jpg")), truths


@pytest.mark.parametrize("update", [False, True])
def test_refined_superpixels_score_as_the_study_s(update):
    # benchmarks/superpixels.py measures the same on 50 pictures: within 0.003.
    differences = []
    for image, truths in pictures(3):
        ours = score_row(eikonal(image, 400, 7.0, update), image, truths)
        theirs = heap_marching.eikonal_of_the_study(image, 400, 7.0, update)
        expected = score_row(theirs, image, truths)
        differences.append([ours[score] - expected[score] for score in AGREED])
    assert np.abs(np.mean(differences, axis=0)) == pytest.approx(0, abs=0.006)


@pytest.mark.parametrize("seed", range(6))
def test_scores_are_those_of_their_definitions(seed):
    rng = np.random.default_rng(seed)
    height, width = rng.integers(2, 20, size=2)
    labels, truth = (rng.integers(0, top, (height, width)) for top in (9, 4))
    labels, truth = np.repeat(labels, 3, axis=0), np.repeat(truth, 3, axis=0)
    image = rng.integers(0, 256, (*labels.shape, 3), dtype=np.uint8)

    row = picture_scores(labels, image) | annotator_scores(labels, truth)
    expected = {
        "superpixels": len(np.unique(labels)),
        "compactness": plain_metrics.compactness(labels, plain_metrics.edges),
        "compactness_pixels": plain_metrics.compactness(labels, plain_metrics.rim_pixels),
        "explained_variation": plain_metrics.explained_variation(labels, image),
        "density": plain_metrics.density(labels),
        "boundary_recall": plain_metrics.boundary_recall(labels, truth, 2),
        "boundary_recall_3x3": plain_metrics.boundary_recall(labels, truth, 1),
        "precision": plain_metrics.boundary_recall(truth, labels, 2),
        "undersegmentation": plain_metrics.undersegmentation(labels, truth),
        "undersegmentation_np": plain_metrics.undersegmentation_np(labels, truth),
        "undersegmentation_achanta": plain_metrics.undersegmentation_achanta(labels, truth),
        "achievable_accuracy": 1 - plain_metrics.undersegmentation(labels, truth),
    }
    assert row == pytest.approx(expected)
