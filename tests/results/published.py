"""An experiment as tracking reads it, with the scores that the original study published."""

import pandas as pd

# Published results table of the original study: inputs, then train, val and test IoU and Dice.
ICOSEG = """
backprop    0.178 ± 0.156|0.273 ± 0.214|0.174 ± 0.11|0.281 ± 0.159|0.184 ± 0.156|0.283 ± 0.221
deconv      0.0 ± 0.0|0.0 ± 0.0|0.0 ± 0.0|0.0 ± 0.0|0.0 ± 0.0|0.0 ± 0.0
guided      0.405 ± 0.143|0.561 ± 0.147|0.412 ± 0.166|0.563 ± 0.183|0.407 ± 0.148|0.562 ± 0.16
rgb         0.723 ± 0.225|0.814 ± 0.192|0.642 ± 0.315|0.72 ± 0.327|0.653 ± 0.302|0.736 ± 0.299
rgb+backprop 0.733 ± 0.222|0.822 ± 0.189|0.724 ± 0.274|0.796 ± 0.279|0.719 ± 0.266|0.796 ± 0.262
rgb+deconv  0.743 ± 0.215|0.83 ± 0.178|0.687 ± 0.272|0.771 ± 0.276|0.693 ± 0.256|0.782 ± 0.245
rgb+guided  0.702 ± 0.223|0.8 ± 0.194|0.681 ± 0.273|0.767 ± 0.272|0.697 ± 0.267|0.78 ± 0.264
"""
INRIA = """
backprop 8.7e-06 ± 4.42e-06|1.74e-05 ± 8.85e-06|7.85e-05 ± 0.0|0.000157 ± 0.0|1.86e-05 ± 0.0|3.72e-05 ± 0.0
guided   0.63 ± 0.0285|0.773 ± 0.0215|0.532 ± 0.0|0.695 ± 0.0|0.462 ± 0.0|0.632 ± 0.0
rgb      0.734 ± 0.0229|0.847 ± 0.0152|0.674 ± 0.0|0.805 ± 0.0|0.549 ± 0.0|0.709 ± 0.0
rgb+backprop 0.754 ± 0.019|0.86 ± 0.0124|0.672 ± 0.0|0.804 ± 0.0|0.552 ± 0.0|0.712 ± 0.0
rgb+guided 0.744 ± 0.0262|0.853 ± 0.0172|0.675 ± 0.0|0.806 ± 0.0|0.568 ± 0.0|0.725 ± 0.0
"""  # noqa: E501
PUBLISHED = {
    dataset: {
        line.split(maxsplit=1)[0]: line.split(maxsplit=1)[1].split("|")
        for line in text.strip().splitlines()
    }
    for dataset, text in (("icoseg/subset_80", ICOSEG), ("inria_aerial/subset_chicago", INRIA))
}
TITLES = {
    "backprop": "UNet SAL MAP NONE",
    "deconv": "UNet SAL MAP DECONV",
    "guided": "UNet SAL MAP GUIDED",
    "rgb": "UNet RGB",
    "rgb+backprop": "UNet RGB SAL MAP NONE",
    "rgb+deconv": "UNet RGB SAL MAP DECONV",
    "rgb+guided": "UNet RGB SAL MAP GUIDED",
}
METRICS = [f"metrics.evaluation/{p}/{s}" for p in ("train", "val", "test") for s in ("iou", "dice")]


def training_run(number, inputs="rgb", dataset="icoseg/subset_80", scores=None, **changes):
    """A row of ``read_runs``; ``scores`` as printed, None for a run that was not evaluated."""
    row = {
        "run_id": f"{number:08x}" + "0" * 24,
        "name": TITLES.get(inputs, inputs),
        "status": "FINISHED",
        "start_time": pd.Timestamp("2025-01-01", tz="UTC") + pd.Timedelta(minutes=number),
        "params.inputs": inputs,
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
