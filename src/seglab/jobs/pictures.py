"""The figures of a report: curves, sorted coefficients and grids, a set for each data set."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from matplotlib.figure import Figure

from seglab.data.decode import read_image
from seglab.figures.comparison import sorted_scores, validation_curves
from seglab.figures.grid import Grey, prediction_grid
from seglab.figures.style import thumbnail
from seglab.results.experiments import experiments, published_curves
from seglab.results.observations import HISTORY, TABLE_THRESHOLD
from seglab.results.table import typed
from seglab.tracking.reader import download

if TYPE_CHECKING:
    from seglab.jobs.report import Material

CURVES = {
    "val/loss": "binary cross-entropy",
    "val/iou": "intersection over union",
    "val/dice": "Dice similarity coefficient",
}
SORTED = {"iou": "intersection over union", "dice": "Dice similarity coefficient"}
THRESHOLDS = (0.4, TABLE_THRESHOLD, 0.6)


def figures(material: Material) -> Iterator[tuple[str, str, Figure]]:
    """File name, caption and figure, of runs that are rows of published tables."""
    rows = placed_rows(material.runs)
    for dataset, group in rows.groupby("dataset", sort=False):
        keyed = group.set_index("run_id")["key"]
        titles = dict(zip(group["key"], group["experiment"], strict=True))
        short = str(dataset).replace("/", "_")
        curves = per_epoch(material.histories, keyed)
        if len(curves):
            yield (
                f"{short}_validation",
                f"Validation over the epochs: {dataset}; dotted: published",
                validation_curves(str(dataset), curves, behind(group), titles, CURVES),
            )
        tested = per_picture(material.pictures, keyed)
        if len(tested):
            yield (
                f"{short}_sorted",
                f"Coefficients of the test pictures, each row sorted on its own: {dataset}",
                sorted_scores(f"{dataset}, test part, p ≥ 0.5", tested, titles, SORTED),
            )
        yield from grids(material, group)


def placed_rows(runs: pd.DataFrame) -> pd.DataFrame:
    """Runs of the saliency study's rows, on any data, in published order: one a row and seed."""
    rows = typed(runs)
    listed = experiments()
    found = [listed[place] if place < len(listed) else None for place in rows["place"]]
    rows["key"] = [e.key.partition("/")[2] if e else None for e in found]
    of_study = pd.Series([e is not None and e.table == "saliency" for e in found], rows.index)
    rows = rows[of_study & rows["test_iou"].notna()]
    return rows.sort_values(["dataset", "place", "seeds", "start_time"]).reset_index(drop=True)


def per_epoch(histories: pd.DataFrame, keyed: pd.Series[str]) -> pd.DataFrame:
    """Columns experiment, epoch and the metrics of ``CURVES``."""
    chosen = histories[histories["run_id"].isin(keyed.index)]
    wide = chosen.pivot_table(index=["run_id", "step"], columns="metric", values="value")
    wide = wide.reindex(columns=list(HISTORY)).reset_index()
    return wide.assign(experiment=wide["run_id"].map(keyed), epoch=wide["step"])


def behind(group: pd.DataFrame) -> pd.DataFrame:
    """The published curves of a data set's rows, under the keys of these."""
    curves = published_curves()
    own = {e.key: key for e, key in zip(group["published"], group["key"], strict=True) if e}
    found = curves[curves["experiment"].isin(own)]
    return found.assign(experiment=found["experiment"].map(own))


def per_picture(pictures: dict[str, pd.DataFrame], keyed: pd.Series[str]) -> pd.DataFrame:
    """Columns experiment, image, iou and dice of the test part at the tables' threshold."""
    frames = [
        rows.query("part == 'test' and threshold == @TABLE_THRESHOLD").assign(experiment=key)
        for run_id, key in keyed.items()
        if (rows := pictures.get(str(run_id))) is not None
    ]
    return pd.concat(frames) if frames else pd.DataFrame()


def grids(material: Material, group: pd.DataFrame) -> Iterator[tuple[str, str, Figure]]:
    """A grid for each shown picture of a data set, from the first seed of each row."""
    if material.showcase is None:
        return
    first = group.drop_duplicates("key")
    dataset = first["dataset"].iloc[0]
    for folder in sorted(material.showcase.glob(f"{first['data'].iloc[0]}/*")):
        predictions: dict[str, tuple[Grey, str]] = {}
        for _, row in first.iterrows():
            path = f"evaluation/probabilities/test/{folder.name}.png"
            file = download(row["run_id"], path, material.folder / "runs" / row["run_id"])
            rule = row["key"].removeprefix("rgb").removeprefix("+")
            predictions[row["experiment"]] = (thumbnail(grey(file)), rule)
        maps = {path.stem: grey(path) for path in folder.glob("*.png")}
        caption = f"{folder.name} of {dataset}: every row, as probabilities and at three thresholds"
        figure = prediction_grid(
            f"{dataset}: {folder.name}",
            read_image(folder / "image.png"),
            maps["truth"],
            maps,
            predictions,
            THRESHOLDS,
        )
        yield f"{str(dataset).replace('/', '_')}_{folder.name}", caption, figure


def grey(path: Path) -> Grey:
    """A grey picture's values."""
    values: Grey = read_image(path)[..., 0]
    return values
