"""A few pictures logged whole, so that MLflow alone is enough to draw them again."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from seglab.data.decode import read_image, write_png
from seglab.data.remote import local_copy
from seglab.errors import ConfigError
from seglab.evaluation.predict import probability_map
from seglab.figures.style import thumbnail
from seglab.jobs.predict import find_pictures
from seglab.jobs.rows import Row, Training
from seglab.jobs.stacker import Stacker
from seglab.jobs.train import MODEL
from seglab.networks.precision import resolve_device
from seglab.results.reproduction import SHOWCASE, UNSEEN
from seglab.tracking.reader import download_model
from seglab.tracking.run import Run
from seglab.training.checkpoint import load_best

SHOWN = {"icoseg": ("2802722747", "2805921839")}
"""Pictures that the saliency study shows, by how their names begin: kendo and nine red jets."""
NUMBER = 2
"""Pictures of each other data set, spread evenly over its test part."""
MOST_UNSEEN = 12
"""Pictures of other categories that a report may show."""


def log_showcase(run: Run, rows: Sequence[Row]) -> None:
    """Logs photo, truth and saliency maps of the pictures that the report's grids show."""
    with tempfile.TemporaryDirectory() as scratch:
        trained = [row for row in rows if isinstance(row, Training)]
        for row in (row for row in trained if row.plan.targets is None):
            for name in shown(row):
                folder = Path(scratch) / row.plan.pictures.dataset / row.plan.config.split / name
                if not (folder / "image.png").exists():
                    write_png(folder / "image.png", thumbnail(row.plan.pictures.image(name)))
                    truth = row.plan.pictures.mask(name) * np.uint8(255)
                    write_png(folder / "truth.png", thumbnail(truth))
                rule = row.plan.inputs.rule
                if rule and row.plan.maps:
                    write_png(folder / f"{rule}.png", thumbnail(row.plan.maps(name)))
        run.artifacts(Path(scratch), SHOWCASE)


def find_unseen(source: str, scratch: Path) -> dict[str, Path]:
    """Pictures of other categories by name; ``ConfigError`` for more than a report can show."""
    found = find_pictures(local_copy(source, scratch / "unseen"), "unseen")
    if len(found) > MOST_UNSEEN:
        raise ConfigError(
            f"--unseen={source} holds {len(found)} pictures; name a folder of {MOST_UNSEEN} at most"
        )
    return found


def log_unseen(run: Run, run_ids: Mapping[str, Training], paths: Mapping[str, Path]) -> None:
    """Logs what the network of each run says of pictures of other categories.

    ``run_ids`` has the row of each run; seeds but the first are left out.
    """
    first = {i: row for i, row in run_ids.items() if row.seed == 0 and row.plan.targets is None}
    device = resolve_device("auto")
    with tempfile.TemporaryDirectory() as scratch:
        for number, run_id in enumerate(first):
            loaded = download_model(f"runs:/{run_id}/{MODEL}", Path(scratch) / str(number))
            trained = load_best(loaded.checkpoint)
            about, stacked = trained.about, Stacker(trained.about, device)
            for name, path in tqdm(paths.items(), desc="unseen pictures", unit="picture"):
                folder = Path(scratch) / "unseen" / name
                image = read_image(path)
                x = stacked(image)
                tile = about.config["tile"]
                says = probability_map(trained.network, x, tile, device, about.precision, 1)
                write_png(folder / "image.png", thumbnail(image))
                write_png(folder / f"{run_id}.png", thumbnail(says))
                if stacked.inputs.rule:
                    write_png(folder / "maps" / f"{stacked.inputs.rule}.png", thumbnail(x[..., -1]))
        run.artifacts(Path(scratch) / "unseen", UNSEEN)


def shown(row: Training) -> list[str]:
    """Names of the pictures to show of a row's data set."""
    config = row.plan.config
    names = row.plan.pictures.names(config.split, "test", config.pictures)
    chosen = [
        name for start in SHOWN.get(config.dataset, ()) for name in names if name.startswith(start)
    ]
    ranks = np.linspace(0, len(names) - 1, NUMBER + 2).round().astype(int)[1:-1]
    return chosen or list(dict.fromkeys(names[rank] for rank in ranks))
