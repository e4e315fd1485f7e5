"""The figures of a study as one page that answers to the mouse."""

from collections.abc import Sequence
from pathlib import Path

import optuna
from optuna import visualization

from seglab.data.files import atomic_write


def write_page(
    study: optuna.Study, path: Path, pair: Sequence[str], mattered: bool, score: str
) -> None:
    """Writes history, curves, importances, the map of ``pair`` and each parameter's slice, as HTML.

    The page needs no network. Importances are left out unless something ``mattered``, and the map
    where ``pair`` is empty.
    """
    figures = [visualization.plot_optimization_history(study, target_name=score)]
    if any(trial.intermediate_values for trial in study.get_trials(deepcopy=False)):
        figures.append(visualization.plot_intermediate_values(study))
    if mattered:
        figures.append(visualization.plot_param_importances(study, target_name=score))
    if pair:
        figures.append(visualization.plot_contour(study, list(pair), target_name=score))
    figures.append(visualization.plot_slice(study, target_name=score))
    parts = [
        figure.to_html(full_html=False, include_plotlyjs=not place)
        for place, figure in enumerate(figures)
    ]
    page = "\n".join(["<!doctype html><meta charset='utf-8'>", *parts])
    atomic_write(path, lambda file: file.write(page.encode()))
