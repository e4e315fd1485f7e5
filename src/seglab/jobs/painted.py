"""The figures of a report on superpixels: losses of the painters, and curves of what they paint."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pandas as pd

from seglab.figures.comparison import validation_curves
from seglab.figures.superpixels import tradeoffs
from seglab.jobs.pictures import Named, per_epoch
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
    """Validation loss over the epochs of all rows, for each data set."""
    rows = typed(material.runs)
    listed = experiments()
    known = rows[(rows["task"] == PAINTING) & (rows["place"] < len(listed))]
    known = known.sort_values(["dataset", "place", "seeds"])
    for dataset, group in known.groupby("dataset", sort=False):
        keys = pd.Series([listed[place].key for place in group["place"]], group["run_id"])
        titles = dict(zip(keys, group["experiment"], strict=True))
        curves = per_epoch(material.histories, keys)
        if len(curves):
            name = f"{str(dataset).replace('/', '_')}_painting"
            caption = f"Painted superpixels, validation loss over the epochs: {dataset}"
            nothing = curves.iloc[:0]
            yield name, caption, validation_curves(str(dataset), curves, nothing, titles, PAINTED)


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
