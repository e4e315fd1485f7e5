"""An experiment as tracking reads it, with the scores that the original study published."""

import pandas as pd

from seglab.results.experiments import experiments

DATASETS = {"icoseg/subset_80": "icoseg", "inria_aerial/subset_chicago": "inria"}
PUBLISHED = {
    title: {
        e.changes["inputs"]: [
            f"{f.value} ± {f.std}" for f in e.published.values() if f.std is not None
        ]
        for e in experiments()
        if e.dataset == dataset
    }
    for title, dataset in DATASETS.items()
}
TITLES = {e.changes["inputs"]: e.title for e in experiments() if e.dataset == "icoseg"}
METRICS = [f"metrics.evaluation/{p}/{s}" for p in ("train", "val", "test") for s in ("iou", "dice")]


def training_run(number, inputs="rgb", dataset="icoseg/subset_80", scores=None, **changes):
    """A row of ``read_runs``; ``scores`` as printed, None for a run that was not evaluated."""
    row = {
        "run_id": f"{number:08x}" + "0" * 24,
        "name": TITLES.get(inputs, inputs),
        "status": "FINISHED",
        "start_time": pd.Timestamp("2025-01-01", tz="UTC") + pd.Timedelta(minutes=number),
        "params.inputs": inputs,
        "params.model": "unet",
        "params.dataset": DATASETS.get(dataset, "folder"),
        "params.split": "published",
        "params.width": "64",
        "params.epochs": "20",
        "params.seed": "0",
        "tags.seglab.dataset_title": dataset,
        "tags.seglab.experiment_title": TITLES.get(inputs, inputs),
        "tags.seglab.saliency": "" if inputs == "rgb" else "vgg16 · class · raw",
    }
    for metric, printed in zip(METRICS, scores or [], strict=False):
        mean, std = map(float, printed.split("±"))
        row |= {metric: mean, f"{metric}_std": std}
    return row | changes


def published_runs(*datasets):
    """The published rows as runs, newest first and in no helpful order."""
    rows = [
        (inputs, dataset, scores)
        for dataset in datasets or PUBLISHED
        for inputs, scores in sorted(PUBLISHED[dataset].items(), reverse=True)
    ]
    runs = [training_run(number, *row) for number, row in enumerate(rows)]
    return pd.DataFrame(runs[::-1])
