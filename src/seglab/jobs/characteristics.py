"""The characteristics job: a prepared data set → tables and figures of what it is like."""

import tempfile
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from seglab.data.characteristics import class_rows, picture_rows, statistics
from seglab.data.config import DatasetConfig
from seglab.data.files import atomic_write
from seglab.data.pictures import open_pictures
from seglab.data.splits import PARTS
from seglab.errors import counted
from seglab.figures.characteristics import class_shares, picture_histograms
from seglab.figures.style import save_figure
from seglab.jobs.describe import log_pictures
from seglab.tracking.run import start_run

FREQUENT = 5
"""Classes printed."""


def characteristics(config: DatasetConfig) -> None:
    """Logs a row a picture and a row a class as Parquet, both as figures, and a few numbers."""
    pictures = open_pictures(config.data_dir, config.dataset)
    with (
        tempfile.TemporaryDirectory() as scratch,
        start_run(f"characteristics {config.dataset}", params=asdict(config)) as run,
    ):
        log_pictures(run, pictures, "characteristics")
        rows, classes = picture_rows(pictures), class_rows(pictures.segment_rows())
        folder = Path(scratch)
        atomic_write(folder / "pictures.parquet", rows.to_parquet)
        save_figure(picture_histograms(pictures.title, rows), folder / "pictures.png")
        if len(classes):
            atomic_write(folder / "classes.parquet", classes.to_parquet)
            save_figure(class_shares(pictures.title, classes), folder / "classes.png")
        run.artifacts(folder, "characteristics")
        numbers = statistics(rows)
        run.metrics(as_metrics(rows, classes, numbers), step=0)
    print(f"{pictures.title}: {counted(len(rows), 'picture')}\n")
    print(numbers.to_string(float_format="{:.4g}".format))
    if len(classes):
        shares = classes[["category", "segments", "segment_share", "area_share"]]
        print(f"\n{shares.head(FREQUENT).to_string(index=False, float_format='{:.1%}'.format)}")


def as_metrics(
    rows: pd.DataFrame, classes: pd.DataFrame, numbers: pd.DataFrame
) -> dict[str, float]:
    """Numbers of pictures, of those in each part and of classes, and ``numbers`` by name."""
    counts = {f"pictures_{part}": (rows["part"] == part).sum() for part in PARTS}
    named = {
        f"{measure}_{statistic}": value
        for measure, values in numbers.iterrows()
        for statistic, value in values.items()
    }
    return {"pictures": len(rows), **counts, "classes": len(classes), **named}
