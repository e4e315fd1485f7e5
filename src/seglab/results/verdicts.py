"""Each claim of the studies held against the runs: supported, not supported, or not decidable."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
import pandas as pd
from jaxtyping import Float

from seglab.errors import counted
from seglab.results.claims import Claim, claims
from seglab.results.statistics import Interval, Means, crossed, interval, paired

Word = Literal["supported", "not supported", "not decidable with this data"]
SUPPORTED: Word = "supported"
REFUTED: Word = "not supported"
UNDECIDED: Word = "not decidable with this data"
LEAST_SEEDS = 3
"""Trainings of a row that a verdict on a recipe needs: one seed tells nothing of the next."""
LEAST_PICTURES = 5
CURVE_WEIGHT = 7.0
"""Color weight of the study's superpixels."""
RECALL_COMPACTNESS = ("boundary_recall", "compactness_pixels")
"""Scores of superpixels that are traded for each other."""
OBSERVATIONS = ["experiment", "settings", "seed", "image", "score", "value"]
"""Columns of what verdicts are made from, one value a row: key of the experiment, what else its
runs share (split, width …), seed, picture (empty for scores of a whole run), score and value."""


@dataclass(frozen=True)
class Verdict:
    """A claim with what the runs say of it."""

    claim: Claim
    word: Word
    because: str
    """Differences, intervals, numbers of seeds and pictures, or what is missing."""


def verdicts(observations: pd.DataFrame, tables: Sequence[str]) -> list[Verdict]:
    """A verdict on every claim of ``tables`` (saliency, superpixels), for each settings.

    ``observations`` has the columns ``OBSERVATIONS``. A claim of a difference of at least ``size``
    is supported if the 95 % interval is above 0 and reaches ``size``; not supported if it ends
    below ``size`` (or at 0); else, and with fewer than 3 seeds or 5 pictures, not decidable.
    """
    found = []
    for claim in claims():
        if claim.table not in tables:
            continue
        concerned = observations[observations["experiment"].isin([claim.better, *claim.baselines])]
        judged = [
            verdict
            for settings, rows in concerned.groupby("settings", sort=False)
            if (verdict := judge(claim, str(settings), rows))
        ]
        found += judged or [Verdict(claim, UNDECIDED, nothing_to_compare(claim))]
    return found


def verdict_frame(found: Sequence[Verdict]) -> pd.DataFrame:
    """Verdicts as a table: claim, verdict, because, measure, source."""
    return pd.DataFrame(
        {
            "claim": [verdict.claim.text for verdict in found],
            "verdict": [verdict.word for verdict in found],
            "because": [verdict.because for verdict in found],
            "measure": [verdict.claim.measure for verdict in found],
            "source": [verdict.claim.source for verdict in found],
        }
    )


def judge(claim: Claim, settings: str, rows: pd.DataFrame) -> Verdict | None:
    """The verdict from the runs of one settings; None if there is nothing to compare."""
    compared: dict[str, Interval] = {}
    if claim.baselines:
        better = table_of(rows, claim.better, claim.score)
        for key in claim.baselines:
            differences = paired(better, table_of(rows, key, claim.score)).to_numpy()
            if differences.size:
                compared[key] = interval(differences[np.newaxis])
    elif isinstance(values := curve_values(rows, claim.better), str):
        return Verdict(claim, UNDECIDED, f"{values} ({settings})")
    elif values is not None:
        compared["photos"] = interval(values, gain_at_equal_recall)
    if not compared:
        return None
    # Whole trainings have no picture; curves are compared picture by picture.
    per_picture = not (rows.loc[rows["score"] == claim.score, "image"] == "").any()
    judgements = [decide(claim, found, per_picture) for found in compared.values()]
    words = [word for word, _ in judgements]
    if REFUTED in words:
        word = REFUTED
    elif UNDECIDED in words or len(compared) < len(claim.baselines):
        word = UNDECIDED
    else:
        word = SUPPORTED
    lines = [
        f"{claim.better} − {key}: {told(found, per_picture)}{why}"
        for (key, found), (_, why) in zip(compared.items(), judgements, strict=True)
    ]
    lines += [f"{key} was not run" for key in claim.baselines if key not in compared]
    return Verdict(claim, word, f"{'; '.join(lines)} ({settings})")


def decide(claim: Claim, found: Interval, per_picture: bool) -> tuple[Word, str]:
    """What one comparison says of the claim, and what more would be needed to say anything."""
    if not np.isfinite([found.value, found.low, found.high]).all() or found.seeds < LEAST_SEEDS:
        lack = f"needs at least {LEAST_SEEDS} seeds" if found.seeds < LEAST_SEEDS else "no interval"
        return UNDECIDED, f"; {lack}"
    if per_picture and found.pictures < LEAST_PICTURES:
        return UNDECIDED, f"; needs at least {LEAST_PICTURES} pictures"
    low, high = sorted((claim.direction * found.low, claim.direction * found.high))
    if high <= 0 or high < claim.size:
        return REFUTED, ""
    return (SUPPORTED, "") if low > 0 else (UNDECIDED, "")


def told(found: Interval, per_picture: bool) -> str:
    """``+0.066, 95 % interval 0.01 … 0.12, n = 3 seeds × 20 pictures``."""
    count = counted(found.seeds, "seed")
    if per_picture:
        count += f" × {counted(found.pictures, 'picture')}"
    if np.isnan(found.value):
        return f"no difference, as photos do not reach the network's recall, n = {count}"
    text = f"difference {found.value:+.3g}"
    if np.isfinite([found.low, found.high]).all():
        text += f", 95 % interval {found.low:+.3g} … {found.high:+.3g}"
    return f"{text}, n = {count}"


def table_of(rows: pd.DataFrame, key: str, score: str) -> pd.DataFrame:
    """Seeds × pictures of one experiment's score."""
    chosen = rows[(rows["experiment"] == key) & (rows["score"] == score)]
    return crossed(chosen, "value")


def curve_values(
    rows: pd.DataFrame, key: str
) -> Float[np.ndarray, "k seeds pictures"] | str | None:
    """Recall and compactness of network and photos by color weight, for ``gain_at_equal_recall``.

    Scores are named ``network/7.0/boundary_recall``, ``photo/3.0/compactness_pixels`` and so on:
    first the two of the network at weight 7, then all recalls of photos, then all compactnesses,
    in the order of ascending weights. Weights and pictures count that all seeds of the network
    were judged by. Where these are no curve it says what is lacking; None if nothing was judged.
    """
    scores = rows.loc[rows["experiment"] == key, "score"].unique()
    tables = {score: table_of(rows, key, score) for score in scores if "/" in score}
    if not tables:
        return None
    network, *photos = (
        [f"{point}/{score}" for score in RECALL_COMPACTNESS]
        for point in (f"network/{CURVE_WEIGHT}", *(f"photo/{w}" for w in weights_of(tables)))
    )
    if not set(network) <= set(tables):
        return f"{key}: what its network paints was not judged at weight {CURVE_WEIGHT:g}"
    seeds = tables[network[0]].index
    common = {score for score, table in tables.items() if seeds.isin(table.index).all()}
    photos = [pair for pair in photos if set(pair) <= common]
    if len(photos) < 2:
        return f"{key}: photos were not judged by two weights of colour that all its seeds share"
    recalls, compactnesses = zip(*photos, strict=True)
    chosen = [tables[score].loc[seeds] for score in (*network, *recalls, *compactnesses)]
    whole = pd.concat(chosen).dropna(axis=1)
    if whole.empty:
        return f"{key}: no picture was judged for all its seeds"
    return whole.to_numpy(dtype=float).reshape(-1, len(seeds), whole.shape[1])


def weights_of(scores: Iterable[str]) -> list[float]:
    """Ascending weights of colour that ``scores`` name of photos."""
    return sorted({float(s.split("/")[1]) for s in scores if s.startswith("photo/")})


def gain_at_equal_recall(means: Means) -> Float[np.ndarray, " n"]:
    """Compactness of the network's output less that of photos where their curve has its recall.

    Between measured weights the curve is a line; NaN where it does not reach the recall.
    """
    recall, compactness = means[:, 0], means[:, 1]
    recalls, compactnesses = np.split(means[:, 2:], 2, axis=1)
    order = np.argsort(recalls, axis=1)
    at = partial(np.interp, left=np.nan, right=np.nan)
    curves = zip(
        recall,
        np.take_along_axis(recalls, order, axis=1),
        np.take_along_axis(compactnesses, order, axis=1),
        strict=True,
    )
    return compactness - np.array([at(*curve) for curve in curves])


def nothing_to_compare(claim: Claim) -> str:
    """What a claim without runs lacks."""
    rows = " and ".join([claim.better, *claim.baselines])
    return f"no scored runs of {rows} with the same settings and seeds"
