"""From runs, their histories and per-picture rows to what tables, verdicts and figures take."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from seglab.results.apart import settings_of
from seglab.results.table import EPOCH_SCORES, typed
from seglab.results.verdicts import OBSERVATIONS, RECALL_COMPACTNESS

TABLE_THRESHOLD = 0.5
"""Of the published tables (saliency study, evaluation notebook)."""
PICTURE_SCORES = ("iou", "margin", "false_positive_rate")
HISTORY = tuple(f"val/{score}" for score in EPOCH_SCORES)
"""Metrics of every epoch that reports use."""


def best_and_last(histories: pd.DataFrame) -> pd.DataFrame:
    """Validation scores of each run at its epoch of lowest validation loss and at its last one.

    ``histories`` as of ``tracking.reader.read_histories``. Index run_id; columns best_epoch,
    best_loss … last_dice.
    """
    rows = {}
    for run_id, history in histories.groupby("run_id", sort=False):
        epochs = history.pivot_table(index="step", columns="metric", values="value", aggfunc="last")
        epochs = epochs.reindex(columns=list(HISTORY))
        if epochs["val/loss"].notna().any():
            best = int(np.nanargmin(epochs["val/loss"].to_numpy()))
            rows[run_id] = {"best_epoch": float(epochs.index[best])} | {
                f"{name}_{score}": epochs[f"val/{score}"].iloc[place]
                for name, place in (("best", best), ("last", -1))
                for score in EPOCH_SCORES
            }
    columns = ["best_epoch", *(f"{n}_{s}" for n in ("best", "last") for s in EPOCH_SCORES)]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def observations(
    runs: pd.DataFrame, pictures: Mapping[str, pd.DataFrame], epochs: pd.DataFrame
) -> pd.DataFrame:
    """What verdicts are made from (``verdicts.OBSERVATIONS``), of runs of published experiments.

    ``pictures`` holds the per-picture rows of each evaluated run, of which the test part at
    threshold 0.5 counts, and the curves of each painter (``superpixels.curves_by_painter``). Curves
    of several kinds of judging are kept apart by their settings. ``epochs`` as of
    ``best_and_last``; it counts for trainings that came to their end. Where a row was run twice
    with one seed, the later one stands later, and so counts (``statistics.crossed``).
    """
    known = typed(runs).sort_values("start_time", kind="stable")
    # Superpixels of photos have published figures too, but no seed, and no claim is about them; a
    # run that was refused for its seed has what its user typed.
    known = known[known["published"].notna() & known["seeds"].str.isdecimal()]
    settings = settings_of(known)
    frames = []
    for (_, run), labels in zip(known.iterrows(), settings, strict=True):
        rows = pictures.get(run["run_id"])
        scores = [] if rows is None else [of_pictures(rows) if "iou" in rows else of_curves(rows)]
        if run["completed"] and run["run_id"] in epochs.index:
            loss = epochs.loc[run["run_id"], "best_loss"]
            values = [("", "best_loss", loss), ("", "log_best_loss", np.log2(loss))]
            scores.append(pd.DataFrame(values, columns=["image", "score", "value"]))
        key, seed = run["published"].key, int(run["seeds"])
        frames += [
            frame.assign(experiment=key, settings=label, seed=seed)
            for frame in scores
            for label in labels
        ]
    if not frames:
        return pd.DataFrame(columns=OBSERVATIONS)
    found = pd.concat(frames, ignore_index=True).reindex(columns=[*OBSERVATIONS, "judging"])
    if found["judging"].nunique() > 1:
        kinds = ", " + found["judging"].astype("string")
        found["settings"] += kinds.fillna("")
    return found[OBSERVATIONS]


def of_pictures(rows: pd.DataFrame) -> pd.DataFrame:
    """Columns image, score and value of the test pictures at the tables' threshold."""
    rows = rows[(rows["part"] == "test") & (rows["threshold"] == TABLE_THRESHOLD)]
    background = rows["fp"] + rows["tn"]
    rates = rows.assign(false_positive_rate=rows["fp"] / background.where(background > 0))
    known = [score for score in PICTURE_SCORES if score in rates]
    long = rates.melt("image", known, "score", "value")
    return long.dropna(subset="value")


def of_curves(rows: pd.DataFrame) -> pd.DataFrame:
    """Columns image, score, value and judging of superpixels, by input and color weight."""
    point = rows["input"] + "/" + rows["weight"].map(str) + "/"
    kept = ["image", "point", "judging"]
    long = rows.assign(point=point).melt(kept, list(RECALL_COMPACTNESS), "score")
    return long.assign(score=long["point"] + long["score"]).drop(columns="point")
