"""The targets job: prepared pictures → painted superpixels in the content-addressed cache."""

from dataclasses import asdict

import numpy as np

from seglab.data.pictures import PictureSet, open_pictures
from seglab.figures.style import thumbnail
from seglab.jobs.describe import log_pictures, target_tags
from seglab.superpixels.config import TargetsConfig
from seglab.superpixels.targets import Targets, fill_targets
from seglab.tracking.run import Run, start_run

SHOWN = 4
"""Pictures logged beside what was painted of them."""


def targets(config: TargetsConfig) -> None:
    """Paints the targets that are not there yet."""
    pictures = open_pictures(config.data_dir, config.dataset)
    with start_run(f"targets {config.dataset}", params=asdict(config)) as run:
        filled = fill_targets(config, pictures)
        log_pictures(run, pictures, "targets")
        counts = {"targets_painted": filled.painted, "targets_reused": filled.reused}
        run.metrics(counts, step=0)
        run.tags(target_tags(filled.targets.settings, filled.targets.digest))
        show(run, pictures, filled.targets)
        print(f"{pictures.title}: {filled.painted} targets painted, {filled.reused} reused")


def show(run: Run, pictures: PictureSet, targets: Targets) -> None:
    """Logs photo and target, side by side, of a few pictures spread evenly over the data set."""
    names = list(targets.keys)
    for place in range(0, len(names), -(-len(names) // SHOWN)):
        name = names[place]
        pair = np.hstack([thumbnail(pictures.image(name)), thumbnail(targets(name))])
        run.image(f"targets/{name}", pair, step=0)
