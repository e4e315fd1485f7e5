"""The saliency job: prepared pictures → saliency maps in the content-addressed cache."""

from dataclasses import asdict, replace

from seglab.data.pictures import open_pictures
from seglab.jobs.describe import log_pictures, saliency_tags
from seglab.jobs.shards import fill_by_workers
from seglab.networks.precision import resolve_device
from seglab.saliency.config import SaliencyConfig
from seglab.saliency.fill import fill, fill_share, map_precision
from seglab.tracking.run import start_run


def saliency(config: SaliencyConfig) -> None:
    """Computes the maps that are not there yet, in this process or by workers."""
    pictures = open_pictures(config.data_dir, config.dataset)
    with start_run(f"saliency {config.dataset}", params=asdict(config)) as run:
        by_workers = 0
        if config.engine != "local" or config.workers > 1:
            # Arithmetic is part of a map's name: what this machine would choose holds for all.
            precision = map_precision(config.precision, resolve_device("auto"))
            config = replace(config, precision=precision)
            by_workers = fill_by_workers(config, pictures, fill_share, gpus=1)
        filled = fill(config, pictures)  # what no worker could, and the note of the settings
        log_pictures(run, pictures, "saliency")
        computed, reused = filled.computed + by_workers, filled.reused - by_workers
        run.metrics({"maps_computed": computed, "maps_reused": reused}, step=0)
        run.tags(saliency_tags(filled.settings, filled.digest))
        print(f"{pictures.title}: {computed} maps computed, {reused} reused")
