import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.data import astronaut
from skimage.measure import label

from seglab.errors import ConfigError, DataError
from seglab.superpixels.eikonal import eikonal
from seglab.superpixels.metrics import explained_variation, picture_scores

PHOTO = astronaut()[::3, ::4]


def noise(height, width, seed=0, levels=256):
    rng = np.random.default_rng(seed)
    return (rng.integers(0, levels, (height, width, 3)) * (255 // (levels - 1))).astype(np.uint8)


def assert_partition(labels, superpixels):
    """Labels are 0…K-1, K as asked for or one a pixel, and each is one 4-connected region."""
    expected = min(superpixels, labels.size)
    assert np.array_equal(np.unique(labels), np.arange(expected))
    assert label(labels, background=-1, connectivity=1).max() == expected


@settings(max_examples=500, deadline=None)
@given(
    height=st.integers(1, 24),
    width=st.integers(1, 24),
    superpixels=st.integers(1, 60),
    seed=st.integers(0, 10**6),
    levels=st.sampled_from([2, 3, 256]),
    update=st.booleans(),
    color_weight=st.sampled_from([0.0, 1.0, 7.0, 60.0, 1e6]),
    mask_weight=st.sampled_from([None, 0.0, 3.0, 1e6]),
)
def test_regions_are_connected_and_as_many_as_asked_for(
    height, width, superpixels, seed, levels, update, color_weight, mask_weight
):
    image = noise(height, width, seed, levels)
    mask = None if mask_weight is None else (image[..., 0] // 100).astype(np.int32)
    labels = eikonal(image, superpixels, color_weight, update, mask, mask_weight or 0.0)
    assert labels.dtype == np.int32
    assert labels.shape == (height, width)
    assert_partition(labels, superpixels)


@pytest.mark.parametrize("update", [False, True])
def test_large_pictures_of_noise_many_seeds_and_cut_off_pixels(update):
    for seed in range(5):
        assert_partition(eikonal(noise(200, 300, seed, levels=3), 1500, 20.0, update), 1500)


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (50, 1), (2, 3), (3, 1000), (30, 40)])
@pytest.mark.parametrize("superpixels", [1, 2, 7, 10**6])
def test_flat_pictures(shape, superpixels):
    assert_partition(eikonal(np.full((*shape, 3), 120, np.uint8), superpixels), superpixels)


def test_flat_pictures_are_cut_into_compact_pieces():
    flat = np.full((120, 160, 3), 77, np.uint8)
    assert picture_scores(eikonal(flat, 50), flat)["compactness"] > 0.5


def test_grey_pictures_are_not_cut_by_rounding_errors():
    # a and b of grey pixels are rounding errors; scaled to variance 1 they would rule the cost.
    grey = np.repeat(PHOTO[..., :1], 3, axis=2)
    tinted = grey.copy()
    tinted[::7, ::5, 2] ^= 1
    ours, theirs = (picture_scores(eikonal(each, 100), grey) for each in (grey, tinted))
    assert ours["explained_variation"] == pytest.approx(theirs["explained_variation"], abs=0.02)


def test_same_pixels_same_labels_whatever_their_layout():
    expected = eikonal(PHOTO, 50)
    assert np.array_equal(eikonal(PHOTO, 50), expected)
    for copy in (np.ascontiguousarray(PHOTO), np.asfortranarray(PHOTO)):
        copy.setflags(write=False)
        assert np.array_equal(eikonal(copy, 50), expected)


def test_colors_draw_the_borders():
    scores = [picture_scores(eikonal(PHOTO, 100, weight), PHOTO) for weight in (0.0, 3.0, 10.0)]
    compactness = [row["compactness"] for row in scores]
    explained = [row["explained_variation"] for row in scores]
    assert compactness == sorted(compactness, reverse=True)
    assert explained[0] < explained[1] - 0.05


def test_a_pixel_however_unlike_all_others_is_reached_last():
    # Alone among n others, its colour is √n standard deviations from theirs in each channel.
    night = np.zeros((321, 481, 3), np.uint8)
    night[100, 200] = 255
    star = np.zeros((321, 481), np.int32)
    star[100, 200] = 1
    assert np.array_equal(eikonal(night, 2), star)


def test_the_running_mean_explains_more_than_the_seed():
    mean, seed = (explained_variation(eikonal(PHOTO, 100, 7.0, u), PHOTO) for u in (True, False))
    assert mean > seed


def test_fronts_stop_at_a_mask_with_enough_weight():
    mask = np.zeros((40, 60), np.int32)
    mask[:, 30:] = 7
    crossing, stopped = (eikonal(noise(40, 60), 30, 1.0, True, mask, w) for w in (0.0, 20.0))
    shared = [set(x[:, :30].ravel()) & set(x[:, 30:].ravel()) for x in (crossing, stopped)]
    assert shared[0]
    assert not shared[1]


def test_only_sameness_of_segment_ids_counts():
    mask = np.digitize(PHOTO[..., 1], [60, 120, 180]).astype(np.int64)
    renamed = np.array([2**31 - 1, -5, 0, 65536])[mask]
    labels = eikonal(PHOTO, 60, 3.0, mask=mask, mask_weight=4.0)
    assert np.array_equal(eikonal(PHOTO, 60, 3.0, mask=renamed, mask_weight=4.0), labels)
    assert not np.array_equal(eikonal(PHOTO, 60, 3.0), labels)


def test_impossible_numbers_are_refused_all_at_once():
    with pytest.raises(ConfigError, match=r"superpixels=0.*color-weight=nan.*mask-weight=-1"):
        eikonal(noise(4, 4), 0, float("nan"), mask_weight=-1)


def test_pictures_beyond_all_addresses_are_refused():
    for shape in ((16384, 16384, 3), (1, 2**25, 3)):
        vast = np.broadcast_to(np.uint8(0), shape)
        with pytest.raises(DataError, match="is too large; cut it into parts"):
            eikonal(vast, 10)


def test_masks_that_do_not_fit_are_refused():
    with pytest.raises(DataError, match="mask is 4×5, its picture 4×4"):
        eikonal(noise(4, 4), 2, mask=np.zeros((4, 5), np.int32))
    with pytest.raises(DataError, match="exceed 32 bits"):
        eikonal(noise(4, 4), 2, mask=np.full((4, 4), 2**40))
