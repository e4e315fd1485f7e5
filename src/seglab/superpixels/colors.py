"""Normalised Lab colours of a picture, as fast marching compares them, and its grey values."""

import numpy as np
from jaxtyping import Float32, UInt8
from numba import njit

VALUES = np.arange(256) / 255
LINEAR = np.where(VALUES > 0.04045, ((VALUES + 0.055) / 1.055) ** 2.4, VALUES / 12.92)
LINEAR = LINEAR.astype(np.float32)
"""Linear light of each 8-bit sRGB value (IEC 61966-2-1)."""
XYZ = [
    [0.412453, 0.357580, 0.180423],
    [0.212671, 0.715160, 0.072169],
    [0.019334, 0.119193, 0.950227],
]
WHITE = [[0.95047], [1.0], [1.08883]]
"""Daylight D65 for the 2° observer, as in scikit-image's ``rgb2lab``."""
RATIOS = (np.array(XYZ) / WHITE).astype(np.float32)
"""X/Xₙ, Y/Yₙ, Z/Zₙ of linear light."""
FLAT = 0.1
"""Standard deviation in Lab units below which a channel counts as constant: no eye sees it, and
scaling it up would make much of rounding errors (a and b of a grey picture)."""


def normalise(
    image: UInt8[np.ndarray, "h w 3"], lab: Float32[np.ndarray, "h w 3"]
) -> UInt8[np.ndarray, "h w"]:
    """Fills ``lab`` with Lab channels of mean 0 and standard deviation 1; returns the grey picture.

    Grey is the luminance in 8 bits (weights of scikit-image's ``rgb2gray``). Channels that hardly
    vary (see ``FLAT``) are only centred.
    """
    # Numba compiles anew, for a second, for arrays that lie otherwise or cannot be written to.
    image = np.require(image, requirements=["C", "W"])
    grey = np.empty(image.shape[:2], np.uint8)
    sums, squares = _convert(image, lab, grey)
    mean = sums / grey.size
    std = np.sqrt(np.maximum(squares / grey.size - mean**2, 0))
    scale = 1 / np.where(std < FLAT, 1, std)
    _normalise(lab, mean.astype(np.float32), scale.astype(np.float32))
    return grey


@njit(cache=True, error_model="numpy")
def _convert(image, lab, grey):  # type: ignore[no-untyped-def]
    """Fills ``lab`` and ``grey``; returns each Lab channel's sum and sum of squares."""
    sum0 = sum1 = sum2 = square0 = square1 = square2 = 0.0
    f = np.empty((3, image.shape[1]), np.float32)
    for y in range(image.shape[0]):
        for x in range(image.shape[1]):
            # Unsigned indices spare the check for counting from the end.
            r, g = np.uint64(image[y, x, 0]), np.uint64(image[y, x, 1])
            b = np.uint64(image[y, x, 2])
            luminance = np.uint64(2125) * r + np.uint64(7154) * g + np.uint64(721) * b
            grey[y, x] = (luminance + np.uint64(5000)) // np.uint64(10000)
            red, green, blue = LINEAR[r], LINEAR[g], LINEAR[b]
            for i in range(3):
                f[i, x] = RATIOS[i, 0] * red + RATIOS[i, 1] * green + RATIOS[i, 2] * blue
        for i in range(3):
            for x in range(image.shape[1]):
                f[i, x] = _root(f[i, x])
        for x in range(image.shape[1]):
            l0 = np.float32(116) * f[1, x] - np.float32(16)
            l1 = np.float32(500) * (f[0, x] - f[1, x])
            l2 = np.float32(200) * (f[1, x] - f[2, x])
            lab[y, x, 0], lab[y, x, 1], lab[y, x, 2] = l0, l1, l2
            sum0, sum1, sum2 = sum0 + l0, sum1 + l1, sum2 + l2
            square0 += np.float64(l0) * l0
            square1 += np.float64(l1) * l1
            square2 += np.float64(l2) * l2
    return np.array([sum0, sum1, sum2]), np.array([square0, square1, square2])


@njit(inline="always")
def _root(ratio):  # type: ignore[no-untyped-def]
    """f(t) of CIE 1976; the cube root by two steps of Halley's method, which vectorise."""
    third = np.float32(ratio).view(np.int32) // np.int32(3)
    root = np.int32(third + np.int32(709921077)).view(np.float32)
    cube = root * root * root
    root *= (cube + ratio + ratio) / (cube + cube + ratio)
    cube = root * root * root
    root *= (cube + ratio + ratio) / (cube + cube + ratio)
    line = np.float32(7.787) * ratio + np.float32(16 / 116)
    return root if ratio > np.float32(0.008856) else line


@njit(cache=True, error_model="numpy")
def _normalise(lab, mean, scale):  # type: ignore[no-untyped-def]
    for y in range(lab.shape[0]):
        for x in range(lab.shape[1]):
            for channel in range(3):
                lab[y, x, channel] = (lab[y, x, channel] - mean[channel]) * scale[channel]
