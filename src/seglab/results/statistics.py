"""How sure a mean is: intervals over the seeds of a training and the pictures of a part."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
import scipy.stats
from jaxtyping import Float

RESAMPLES = 10_000
CONFIDENCE = 0.95
Means = Float[np.ndarray, "n k"]


class Interval(NamedTuple):
    """A statistic with its 95 % interval, and what it stands on; NaN where there is none."""

    value: float
    low: float
    high: float
    seeds: int
    pictures: int


def first(means: Means) -> Float[np.ndarray, " n"]:
    """The statistic that is a mean itself."""
    return means[:, 0]


def interval(
    values: Float[np.ndarray, "k seeds pictures"],
    statistic: Callable[[Means], Float[np.ndarray, " n"]] = first,
    resampling_seed: int = 0,
) -> Interval:
    """``statistic`` of the means of ``values`` over seeds and pictures, with its interval.

    ``values`` holds k paired quantities of every seed and picture. Seeds and pictures are crossed
    (each seed's network sees the same pictures), so both are drawn anew with replacement, each on
    its own, and every drawn seed meets every drawn picture: the bootstrap for two-way arrays of
    Owen, "The pigeonhole bootstrap" (2007), whose variance errs on the safe side; percentiles of
    10,000 draws of values that are spread for small samples (``expanded``). One mean over pictures
    of one seed has scipy's BCa interval, one over seeds without pictures (runs' own metrics)
    Student's t. A single value has no interval.
    """
    seeds, pictures = values.shape[1:]
    value = float(statistic(values.mean(axis=(1, 2))[np.newaxis])[0])
    if seeds * pictures == 1 or not np.isfinite(value):
        low = high = np.nan
    elif statistic is first and (seeds == 1 or pictures == 1):
        low, high = one_way(values[0].ravel(), student=pictures == 1, seed=resampling_seed)
    else:
        draws = statistic(resampled_means(expanded(values), resampling_seed))
        tail = 50 * (1 - CONFIDENCE)
        low, high = np.percentile(draws, [tail, 100 - tail])
    return Interval(value, float(low), float(high), seeds, pictures)


def expanded(
    values: Float[np.ndarray, "k seeds pictures"],
) -> Float[np.ndarray, "k seeds pictures"]:
    """``values`` with the deviations of seeds and of pictures spread as few of them need.

    Percentiles of a bootstrap are too narrow for few values, as they divide by n and know no
    Student's t: a factor √(n/(n−1)) · t/z on deviations mends both (Hesterberg, "What teachers
    should know about the bootstrap", 2015, does so on the percentiles).
    """
    mean = values.mean(axis=(1, 2), keepdims=True)
    spread = values.copy()
    for axis, across in ((1, 2), (2, 1)):
        n = values.shape[axis]
        if n > 1:
            quantiles = scipy.stats.t.ppf(0.975, n - 1) / scipy.stats.norm.ppf(0.975)
            factor = np.sqrt(n / (n - 1)) * quantiles
            spread += (factor - 1) * (values.mean(axis=across, keepdims=True) - mean)
    return spread


def resampled_means(values: Float[np.ndarray, "k seeds pictures"], seed: int) -> Means:
    """Means of ``values`` over seeds and pictures drawn with replacement, one row a draw."""
    rng = np.random.default_rng(seed)
    weights = [rng.multinomial(n, np.full(n, 1 / n), RESAMPLES) / n for n in values.shape[1:]]
    by_seed, by_picture = weights
    means = [((by_seed @ quantity) * by_picture).sum(axis=1) for quantity in values]
    return np.stack(means, axis=1)


def one_way(values: Float[np.ndarray, " n"], student: bool, seed: int) -> tuple[float, float]:
    """Interval of the mean of independent ``values``, by Student's t or by BCa bootstrap."""
    if np.ptp(values) == 0:  # both divide by the spread
        return float(values[0]), float(values[0])
    if student:
        error = scipy.stats.sem(values)
        low, high = scipy.stats.t.interval(CONFIDENCE, len(values) - 1, values.mean(), error)
        return float(low), float(high)
    found = scipy.stats.bootstrap(
        (values,), np.mean, n_resamples=RESAMPLES, confidence_level=CONFIDENCE, rng=seed
    ).confidence_interval
    return float(found.low), float(found.high)


def crossed(rows: pd.DataFrame, score: str) -> pd.DataFrame:
    """``rows`` (seed, image, ``score``) as a table of seeds by pictures; NaN where one lacks.

    Of several rows of one seed and picture the last counts.
    """
    return rows.pivot_table(index="seed", columns="image", values=score, aggfunc="last")


def paired(better: pd.DataFrame, baseline: pd.DataFrame) -> pd.DataFrame:
    """Differences of two tables (``crossed``) for the seeds and pictures that both have whole."""
    return (better - baseline).dropna(axis=0, how="all").dropna(axis=1, how="any").astype(float)
