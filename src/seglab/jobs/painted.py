"""The figures of a report on superpixels: losses of the painters, and curves of what they paint."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pandas as pd

from seglab.figures.comparison import validation_curves
from seglab.figures.superpixels import tradeoffs
from seglab.jobs.pictures import Named, per_epoch
from seglab.results.apart import settings_of
from seglab.results.experiments import experiments
from seglab.results.superpixels import COLUMNS, points
from seglab.results.table import PAINTING, typed

if TYPE_CHECKING:
    from seglab.jobs.report import Material

PAINTED = {"val/loss": "mean squared error of painted superpixels"}


def painted_figures(material: Material) -> Iterator[Named]:
    """Validation losses of the published rows on each data set, and a figure of curves for each
    set of pictures that superpixels were judged on."""
    yield from losses(material)
    rows = points(material.runs, material.judged)
    if rows.empty:
        return
    for (dataset, parts), group in rows.groupby(["dataset", "parts"], sort=False):
        if group["boundary_recall"].notna().any():
            name = f"{dataset}_{parts}".replace("/", "_").replace("+", "_")
            title = f"Superpixels judged on {dataset} ({parts})"
            ordered = group.sort_values(["place", "weight"], kind="stable")
            yield f"{name}_superpixels", title, tradeoffs(title, ordered, published_points(group))


def losses(material: Material) -> Iterator[Named]:
    """Validation loss over the epochs of all rows, for each data set and what else rows must share
    to be compared."""
    rows = typed(material.runs)
    listed = experiments()
    known = rows[(rows["task"] == PAINTING) & rows["completed"] & (rows["place"] < len(listed))]
    known = known.sort_values(["dataset", "place", "seeds"])
    of_runs = pd.Series(settings_of(known), known.index)
    known = known.assign(settings=of_runs).explode("settings")
    for dataset, of_dataset in known.groupby("dataset", sort=False):
        kinds = of_dataset.groupby("settings", sort=False)
        for number, (settings, group) in enumerate(kinds, start=1):
            keys = pd.Series([listed[place].key for place in group["place"]], group["run_id"])
            titles = dict(zip(keys, group["experiment"], strict=True))
            curves = per_epoch(material.histories, keys)
            if curves.empty:
                continue
            told = f"{dataset}" + (f", {settings}" * (len(kinds) > 1))
            name = f"{dataset}_painting".replace("/", "_") + (f"_{number}" if number > 1 else "")
            caption = f"Painted superpixels, validation loss over the epochs: {told}"
            yield name, caption, validation_curves(told, curves, curves.iloc[:0], titles, PAINTED)


def published_points(group: pd.DataFrame) -> pd.DataFrame:
    """What was published of the rows in ``group``, where it has a point."""
    found = {e.key: e for e in group["published"] if e is not None}
    scores = [column.key for column in COLUMNS]
    frame = pd.DataFrame(
        [
            {"experiment": e.title} | {s: f.value for s, f in e.published.items()}
            for e in found.values()
        ]
    ).reindex(columns=["experiment", *scores])
    return frame.dropna(subset=["compactness_pixels"])
