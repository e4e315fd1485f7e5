"""The targets job: prepared pictures → painted superpixels in the content-addressed cache."""

from dataclasses import asdict

import numpy as np

from seglab.data.pictures import PictureSet, open_pictures
from seglab.figures.style import thumbnail
from seglab.jobs.describe import log_pictures, target_tags
from seglab.jobs.shards import fill_by_workers
from seglab.superpixels.config import TargetsConfig
from seglab.superpixels.painting import fill_share, fill_targets
from seglab.superpixels.targets import Targets
from seglab.tracking.run import Run, start_run

SHOWN = 4
"""Pictures logged beside what was painted of them."""


def targets(config: TargetsConfig) -> None:
    """Paints the targets that are not there yet, on this machine or by workers on others."""
    pictures = open_pictures(config.data_dir, config.dataset)
    with start_run(f"targets {config.dataset}", params=asdict(config)) as run:
        by_workers = 0
        if config.engine != "local":
            by_workers = fill_by_workers(config, pictures, fill_share, gpus=0)
        filled = fill_targets(config, pictures)  # on this machine, or what no worker could
        log_pictures(run, pictures, "targets")
        painted, reused = filled.painted + by_workers, filled.reused - by_workers
        counts = {"targets_painted": painted, "targets_reused": reused}
        run.metrics(counts, step=0)
        run.tags(target_tags(filled.targets.settings, filled.targets.digest))
        show(run, pictures, filled.targets)
        print(f"{pictures.title}: {painted} targets painted, {reused} reused")


def show(run: Run, pictures: PictureSet, targets: Targets) -> None:
    """Logs photo and target, side by side, of a few pictures spread evenly over the data set."""
    names = list(targets.keys)
    for place in range(0, len(names), -(-len(names) // SHOWN)):
        name = names[place]
        pair = np.hstack([thumbnail(pictures.image(name)), thumbnail(targets(name))])
        run.image(f"targets/{name}", pair, step=0)
