"""A few test pictures logged whole, so that MLflow alone is enough to draw them again."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from seglab.data.decode import write_png
from seglab.figures.style import thumbnail
from seglab.jobs.rows import Row
from seglab.results.reproduction import SHOWCASE
from seglab.tracking.run import Run

SHOWN = {"icoseg": ("2802722747", "2805921839")}
"""Pictures that the saliency study shows, by how their names begin: kendo and nine red jets."""
NUMBER = 2
"""Pictures of each other data set, spread evenly over its test part."""


def log_showcase(run: Run, rows: Sequence[Row]) -> None:
    """Logs photo, truth and saliency maps of the pictures that the report's grids show."""
    with tempfile.TemporaryDirectory() as scratch:
        for row in rows:
            if row.plan.targets is not None:
                continue
            for name in shown(row):
                folder = Path(scratch) / row.plan.pictures.dataset / name
                if not (folder / "image.png").exists():
                    write_png(folder / "image.png", thumbnail(row.plan.pictures.image(name)))
                    truth = row.plan.pictures.mask(name) * np.uint8(255)
                    write_png(folder / "truth.png", thumbnail(truth))
                rule = row.plan.inputs.rule
                if rule and row.plan.maps:
                    write_png(folder / f"{rule}.png", thumbnail(row.plan.maps(name)))
        run.artifacts(Path(scratch), SHOWCASE)


def shown(row: Row) -> list[str]:
    """Names of the pictures to show of a row's data set."""
    config = row.plan.config
    names = row.plan.pictures.names(config.split, "test", config.pictures)
    chosen = [
        name for start in SHOWN.get(config.dataset, ()) for name in names if name.startswith(start)
    ]
    ranks = np.linspace(0, len(names) - 1, NUMBER + 2).round().astype(int)[1:-1]
    return chosen or list(dict.fromkeys(names[rank] for rank in ranks))
