"""The command that repeats a run, from its parameters."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from seglab.data.config import DatasetConfig, PrepareConfig
from seglab.errors import RUN
from seglab.evaluation.config import EvaluateConfig, PredictConfig
from seglab.jobs.config import ReproduceConfig
from seglab.results.config import ReportConfig
from seglab.results.experiments import as_word
from seglab.saliency.config import SaliencyConfig
from seglab.superpixels.config import SuperpixelsConfig, TargetsConfig
from seglab.training.config import TrainConfig
from seglab.tuning.config import TuneConfig

CONFIGS: dict[str, type[Any]] = {
    "train": TrainConfig,
    "evaluate": EvaluateConfig,
    "tune": TuneConfig,
    "prepare": PrepareConfig,
    "saliency": SaliencyConfig,
    "targets": TargetsConfig,
    "superpixels": SuperpixelsConfig,
    "predict": PredictConfig,
    "reproduce": ReproduceConfig,
    "report": ReportConfig,
    "characteristics": DatasetConfig,
}
"""What each entry point is given; a run is of the one whose parameters it has."""


LIKE = 0.8
"""Share of parameters in which a run agrees with its entry point, which may have changed since."""


def entry_point(params: Mapping[str, str]) -> str:
    """The entry point that a run with these parameters is of; empty if it is of none of these."""
    likeness = {}
    for name, config in CONFIGS.items():
        names = {field.name for field in fields(config)}
        likeness[name] = len(names & set(params)) / len(names | set(params))
    best = max(likeness, key=likeness.__getitem__)
    return best if likeness[best] >= LIKE else ""


def command(params: Mapping[str, str]) -> str:
    """What repeats a run with this checkout: parameters other than today's defaults.

    Empty where it is not known, or where the run has parameters that are not known any more.
    """
    name = entry_point(params)
    defaults = {field.name: field.default for field in fields(CONFIGS[name])} if name else {}
    if not set(params) <= set(defaults):
        return ""
    words = [*RUN.split(), "-e", name]
    for parameter, value in params.items():
        if value != as_word(defaults[parameter]) and parameter != "resume":
            words += ["-P", f"{parameter}={value}"]
    return shlex.join(words) if name else ""


def here(logged: str) -> str:
    """A command that another machine logged, as it is given on this one."""
    return re.sub(r"^mlflow run \.( --env-manager \w+)?(?= )", RUN, logged)
