"""The command that repeats a run, from its parameters."""

import shlex
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from seglab.data.config import DatasetConfig, PrepareConfig
from seglab.errors import RUN
from seglab.evaluation.config import EvaluateConfig, PredictConfig
from seglab.results.config import ReportConfig
from seglab.results.experiments import as_word
from seglab.saliency.config import SaliencyConfig
from seglab.training.config import TrainConfig
from seglab.tuning.config import TuneConfig

CONFIGS: dict[str, type[Any]] = {
    "train": TrainConfig,
    "evaluate": EvaluateConfig,
    "tune": TuneConfig,
    "prepare": PrepareConfig,
    "saliency": SaliencyConfig,
    "predict": PredictConfig,
    "report": ReportConfig,
    "characteristics": DatasetConfig,
}
"""What each entry point is given; a run is of the one whose parameters it has."""


def entry_point(params: Mapping[str, str]) -> str:
    """The entry point that a run with these parameters is of; empty if it is of none of these."""
    for name, config in CONFIGS.items():
        if {field.name for field in fields(config)} == set(params):
            return name
    return ""


def command(params: Mapping[str, str]) -> str:
    """What repeats a run: parameters other than the defaults; empty where it is not known."""
    name = entry_point(params)
    if not name:
        return ""
    words = [*RUN.split(), "-e", name]
    for field in fields(CONFIGS[name]):
        value = params[field.name]
        if value != as_word(field.default) and field.name != "resume":
            words += ["-P", f"{field.name}={value}"]
    return shlex.join(words)
