"""Hand-computed scores of small label maps."""

import numpy as np
import pytest

from seglab.superpixels import metrics
from seglab.superpixels.counts import perimeters

LEFT_RIGHT = np.array([[0, 0, 1, 1]] * 4)
QUARTERS = np.array([[0, 0, 1, 1]] * 2 + [[2, 2, 3, 3]] * 2)
SHIFTED = np.array([[0, 1, 1, 1]] * 4)


def test_superpixels_within_segments_make_no_error():
    row = metrics.annotator_scores(QUARTERS, LEFT_RIGHT)
    assert row["achievable_accuracy"] == row["boundary_recall"] == 1
    assert row["undersegmentation"] == row["undersegmentation_np"] == 0
    assert row["undersegmentation_achanta"] == 0


def test_a_superpixel_across_a_border():
    # Superpixel 1 has 12 pixels: 4 in the left segment, 8 in the right one.
    row = metrics.annotator_scores(SHIFTED, LEFT_RIGHT)
    assert row["achievable_accuracy"] == pytest.approx((4 + 8) / 16)
    assert row["undersegmentation"] == pytest.approx(4 / 16)
    assert row["undersegmentation_np"] == pytest.approx((4 + 4) / 16)
    assert row["undersegmentation_achanta"] == pytest.approx((4 + 12 + 12) / 16 - 1)


def test_compactness_of_squares():
    areas = np.bincount(QUARTERS.ravel())
    edges, rims = perimeters(QUARTERS).T
    assert edges.tolist() == [8, 8, 8, 8]
    assert metrics.compactness(areas, edges) == pytest.approx(np.pi / 4)
    assert rims.tolist() == [4, 4, 4, 4]


def test_boundaries_are_two_pixels_thick_and_recall_looks_around():
    true, found = metrics.boundaries(LEFT_RIGHT), metrics.boundaries(SHIFTED)
    assert true.tolist() == [[False, True, True, False]] * 4
    assert found.tolist() == [[True, True, False, False]] * 4
    assert metrics.boundary_recall(found, true, radius=0) == 0.5
    assert metrics.boundary_recall(found, true, radius=1) == 1


def test_explained_variation_of_painted_superpixels():
    image = np.repeat((LEFT_RIGHT * 200)[..., None], 3, axis=2).astype(np.uint8)
    assert metrics.explained_variation(LEFT_RIGHT, image) == 1
    assert metrics.explained_variation(np.zeros((4, 4), int), image) == 0


def test_annotators_weigh_the_same():
    image = np.zeros((4, 4, 3), np.uint8)
    row = metrics.score_row(SHIFTED, image, [LEFT_RIGHT, SHIFTED])
    assert row["superpixels"] == 2
    assert row["undersegmentation"] == pytest.approx((4 / 16 + 0) / 2)


def test_labels_need_not_be_without_gaps():
    gaps = QUARTERS * 3
    image = np.random.default_rng(0).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    ours, theirs = (
        metrics.score_row(gaps, image, [5 * LEFT_RIGHT]),
        metrics.score_row(QUARTERS, image, [LEFT_RIGHT]),
    )
    assert ours == pytest.approx(theirs)
    assert ours["superpixels"] == 4


def test_one_region_and_one_pixel_have_scores():
    image = np.zeros((1, 1, 3), np.uint8)
    row = metrics.score_row(np.zeros((1, 1), int), image, [np.ones((1, 1), int)])
    assert row["boundary_recall"] == row["precision"] == row["explained_variation"] == 1
    assert row["compactness"] == pytest.approx(np.pi / 4)
    assert row["undersegmentation_achanta"] == row["density"] == 0


def test_recall_at_the_picture_s_border_looks_no_farther():
    found, true = np.zeros((2, 3), bool), np.zeros((2, 3), bool)
    found[0, 0] = true[0, 2] = True
    assert metrics.boundary_recall(found, true, radius=2) == 1
    assert metrics.boundary_recall(found, true, radius=1) == 0


def test_annotations_made_ready_score_as_plain_ones():
    image = np.random.default_rng(0).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    plain = [LEFT_RIGHT, QUARTERS.astype(np.uint16)]
    ready = [metrics.annotation(segments) for segments in plain]
    assert metrics.score_row(SHIFTED, image, ready) == metrics.score_row(SHIFTED, image, plain)


def test_pictures_without_annotators_have_the_other_scores():
    row = metrics.score_row(QUARTERS, np.zeros((4, 4, 3), np.uint8), [])
    assert row["superpixels"] == 4
    assert "boundary_recall" not in row


def test_large_pictures_do_not_overflow():
    image = np.full((3000, 3000, 3), 255, np.uint8)
    image[:, :1500] = 254
    labels = np.zeros((3000, 3000), np.int32)
    assert metrics.explained_variation(labels, image) == pytest.approx(0, abs=1e-9)
    labels[:, :1500] = 1
    assert metrics.explained_variation(labels, image) == pytest.approx(1)
