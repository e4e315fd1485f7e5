"""The figures of a report on masks: curves, sorted coefficients and grids."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import pandas as pd
from matplotlib.figure import Figure

from seglab.data.decode import read_image
from seglab.figures.comparison import sorted_scores, threshold_scores, validation_curves
from seglab.figures.grid import Grey, prediction_grid
from seglab.figures.style import thumbnail
from seglab.results.apart import settings_of
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


Named: TypeAlias = tuple[str, str, Figure]
"""File name, caption and figure."""


def figures(material: Material) -> Iterator[Named]:
    """The figures of runs that are rows of the saliency study, a set for each data set and what
    else its rows must share to be compared."""
    rows = placed_rows(material.runs)
    for dataset, of_dataset in rows.groupby("dataset", sort=False):
        of_runs = pd.Series(settings_of(of_dataset), of_dataset.index)
        every = list(dict.fromkeys(of_runs.explode()))
        for number, settings in enumerate(every, start=1):
            group = of_dataset[[settings in own for own in of_runs]]
            name = str(dataset).replace("/", "_") + (f"_{number}" if number > 1 else "")
            told = f", {settings}" if len(every) > 1 else ""
            yield from of_group(material, group, name, f"{dataset}{told}")


def of_group(material: Material, group: pd.DataFrame, name: str, title: str) -> Iterator[Named]:
    """Curves, sorted coefficients and grids of rows that share all settings."""
    keyed = group.set_index("run_id")["key"]
    titles = dict(zip(group["key"], group["experiment"], strict=True))
    curves = per_epoch(material.histories, keyed)
    if len(curves):
        yield (
            f"{name}_validation",
            f"Validation over the epochs: {title}; dotted: published",
            validation_curves(title, curves, behind(group), titles, CURVES),
        )
    tested = per_picture(material.pictures, keyed)
    if len(tested):
        yield (
            f"{name}_sorted",
            f"Coefficients of the test pictures, each row sorted on its own: {title}",
            sorted_scores(
                f"{title}, test part, p ≥ {TABLE_THRESHOLD:g}",
                tested[tested["threshold"] == TABLE_THRESHOLD],
                titles,
                SORTED,
            ),
        )
        yield (
            f"{name}_thresholds",
            f"Coefficients of the test pictures at every threshold, row by row: {title}",
            threshold_scores(f"{title}, test part", tested, titles),
        )
    first = group.drop_duplicates("key")
    yield from grids(material, first, name, title)
    yield from unseen(material, first, name, title)


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
    """Columns experiment, image, threshold, iou and dice of the test part."""
    frames = [
        rows[rows["part"] == "test"].assign(experiment=key)
        for run_id, key in keyed.items()
        if (rows := pictures.get(str(run_id))) is not None
    ]
    return pd.concat(frames) if frames else pd.DataFrame()


def grids(material: Material, first: pd.DataFrame, name: str, title: str) -> Iterator[Named]:
    """A grid for each shown picture, from the first seed of each row."""
    if material.showcase is None:
        return
    data, split = first["data"].iloc[0], first["split"].iloc[0]
    for folder in sorted(material.showcase.glob(f"{data}/{split}/*")):
        predictions: dict[str, tuple[Grey, str]] = {}
        for _, row in first.iterrows():
            path = f"evaluation/probabilities/test/{folder.name}.png"
            file = download(row["run_id"], path, material.folder / "runs" / row["run_id"])
            predictions[row["experiment"]] = (thumbnail(grey(file)), rule_of(row["key"]))
        maps = {path.stem: grey(path) for path in folder.glob("*.png")}
        caption = f"{folder.name} of {title}: every row, as probabilities and at three thresholds"
        image, heading = read_image(folder / "image.png"), f"{title}: {folder.name}"
        grid = prediction_grid(heading, image, maps["truth"], maps, predictions, THRESHOLDS)
        yield f"{name}_{folder.name}", caption, grid


def unseen(material: Material, first: pd.DataFrame, name: str, title: str) -> Iterator[Named]:
    """A grid for each picture of other categories, which have no truth."""
    for folder in sorted(material.unseen.iterdir()) if material.unseen else ():
        predictions = {
            row["experiment"]: (grey(folder / f"{row['run_id']}.png"), rule_of(row["key"]))
            for _, row in first.iterrows()
            if (folder / f"{row['run_id']}.png").exists()
        }
        if predictions:
            maps = {path.stem: grey(path) for path in (folder / "maps").glob("*.png")}
            image, heading = read_image(folder / "image.png"), f"{folder.name}, of no data set"
            grid = prediction_grid(heading, image, None, maps, predictions, THRESHOLDS)
            yield f"{name}_unseen_{folder.name}", f"{folder.name}, unseen, by rows of {title}", grid


def rule_of(key: str) -> str:
    """Backward rule of the maps that a row is fed; empty for RGB alone."""
    return key.removeprefix("rgb").removeprefix("+")


def grey(path: Path) -> Grey:
    """A grey picture's values."""
    values: Grey = read_image(path)[..., 0]
    return values
