"""What a prepared data set is like: a row a picture, a row a class, and a few numbers."""

import numpy as np
import pandas as pd
from tqdm import tqdm

from seglab.data.pictures import PictureSet

MEASURES = ("height", "width", "segments", "foreground")
"""Columns of ``picture_rows`` that are numbers."""


def picture_rows(pictures: PictureSet) -> pd.DataFrame:
    """One row a picture: image, part (of the published split), height, width, segments, foreground.

    ``segments`` is their number, a mean over annotators where there are several; NaN for masks.
    ``foreground`` is the share (0…1) of pixels on the object, or in any segment; NaN where there
    are several annotators, as each of them segments the whole picture.
    """
    described = pictures.frame()
    columns = {"name": "image", "published": "part", "height": "height", "width": "width"}
    rows = described[list(columns)].rename(columns=columns)
    rows["segments"] = np.nan
    rows["foreground"] = np.nan
    if not pictures.annotated:
        rows["foreground"] = [
            np.count_nonzero(pictures.mask(name)) / pictures.mask(name).size
            for name in tqdm(rows["image"], f"measure {pictures.title}")
        ]
        return rows
    segments = pictures.segment_rows()
    seen = segments[segments["segment"] > 0].groupby("image")["area"].agg(["size", "sum"])
    seen = seen.reindex(rows["image"], fill_value=0)
    rows["segments"] = seen["size"].to_numpy() / described["annotations"]
    rows["foreground"] = seen["sum"].to_numpy() / (rows["height"] * rows["width"])
    rows.loc[described["annotations"] > 1, "foreground"] = np.nan
    return rows


def class_rows(segments: pd.DataFrame) -> pd.DataFrame:
    """One row a class, the most frequent first; none where segments have no classes.

    ``segments`` is ``PictureSet.segment_rows``. Columns: category, thing, segments and pictures
    (their numbers), area (pixels), segment_share and area_share (0…1, of all segments and of all
    their pixels). Crowd regions are left out, as their objects were not counted.
    """
    seen = segments[(segments["segment"] > 0) & (segments["category"] != "")]
    rows = (
        seen.groupby(["category", "thing"])
        .agg(segments=("area", "size"), pictures=("image", "nunique"), area=("area", "sum"))
        .reset_index()
        .sort_values(["segments", "category"], ascending=[False, True], ignore_index=True)
    )
    for share, of in (("segment_share", "segments"), ("area_share", "area")):
        rows[share] = rows[of] / rows[of].sum()
    return rows


def statistics(rows: pd.DataFrame) -> pd.DataFrame:
    """Least, median, mean and most of each number in ``picture_rows`` that the data set has."""
    known = [measure for measure in MEASURES if rows[measure].notna().any()]
    return rows[known].agg(["min", "median", "mean", "max"]).T
