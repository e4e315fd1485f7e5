"""The saliency job: prepared pictures → saliency maps in the content-addressed cache."""

from dataclasses import asdict

from seglab.data.pictures import open_pictures
from seglab.jobs.describe import log_pictures, saliency_tags
from seglab.saliency.config import SaliencyConfig
from seglab.saliency.fill import fill
from seglab.tracking.run import start_run


def saliency(config: SaliencyConfig) -> None:
    """Computes the maps that are not there yet."""
    pictures = open_pictures(config.data_dir, config.dataset)
    with start_run(f"saliency {config.dataset}", params=asdict(config)) as run:
        filled = fill(config, pictures)
        log_pictures(run, pictures, "saliency")
        run.metrics({"maps_computed": filled.computed, "maps_reused": filled.reused}, step=0)
        run.tags(saliency_tags(filled.settings, filled.digest))
        print(f"{pictures.title}: {filled.computed} maps computed, {filled.reused} reused")
