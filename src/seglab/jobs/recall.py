"""Boundary recall of a painter at a fixed compactness, on its validation pictures."""

import tempfile
from pathlib import Path

from seglab.jobs.superpixels import Judged, paint
from seglab.jobs.train import Plan, run_folder
from seglab.superpixels.config import SuperpixelsConfig
from seglab.superpixels.judge import NETWORK, judge, recall_at, summary
from seglab.training.checkpoint import BEST, load_best

WEIGHTS = (0.0, 1.0, 2.0, 3.0, 5.0, 7.0, 10.0, 14.0)
"""Weights of colour between whose superpixels the compactness asked for is looked for."""


def recall_of(plan: Plan, run_id: str, compactness: float) -> float:
    """Mean boundary recall of superpixels of what the run's best network paints.

    They are as many as those it learnt; segments of the data set are the truth. Raises
    ``ConfigError`` where no weight makes superpixels so compact, or so ragged.
    """
    assert plan.targets is not None
    config = plan.config
    trained = load_best(run_folder(config.data_dir, run_id) / BEST)
    names = plan.pictures.names(config.split, "val", config.pictures)
    judged = Judged(plan.pictures, {"val": names})
    judging = SuperpixelsConfig(
        dataset=config.dataset,
        data_dir=config.data_dir,
        superpixels=plan.targets.settings.superpixels,
        color_weight=WEIGHTS,
        update=False,
        workers=1,
    )
    with tempfile.TemporaryDirectory() as scratch:
        outputs = {NETWORK: paint(trained, judged, Path(scratch)).image}
        means = summary(judge(judging, judged.pictures, judged.names, outputs))
    return recall_at(means[means["input"] == NETWORK], compactness)
