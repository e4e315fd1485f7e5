"""What tells runs apart that would look alike: the parameters in which they differ."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from math import inf, isfinite
from typing import Any

import pandas as pd

from seglab.results.experiments import SCALING, USUAL, experiments, unusual

MOVES_WORK = ("seed", "data_dir", "device", "workers", "resume")
"""Parameters in which runs of one row may differ: they change no number, or are the seed."""
DATA_DIGEST = "tags.seglab.data_digest"
TOLD = {"dataset", "split", "width", "epochs", "pictures"}
"""Parameters that a comparison names anyway, or that follow from the experiment."""
KINDS = {"saliency": "maps of", "targets": "targets of"}
"""What runs are made from beside their data, and how a comparison names it."""
DECIMAL = re.compile(r"[+-]?(\d+\.\d*|\.\d+|\d+(?=e))(e[+-]?\d+)?", re.IGNORECASE)
"""Numbers that are written as no integer is."""


def params_of(run: "pd.Series[str]", columns: Iterable[str]) -> dict[str, str]:
    """A run's parameters by name."""
    return {name.removeprefix("params."): v for name in columns if isinstance(v := run[name], str)}


def comparable(run: "pd.Series[str]") -> dict[str, str]:
    """A run's parameters by name, each number in one spelling, and ``data``, a digest's start.

    ``mlflow run`` logs what its user typed: ``1e-2`` is to be the ``0.01`` of other runs. What a
    data set of one name holds may change, and two folders may have one name.
    """
    columns = [name for name in map(str, run.index) if name.startswith("params.")]
    params = {name: spelt(text) for name, text in params_of(run, columns).items()}
    digest = run.get(DATA_DIGEST)
    return params | ({"data": digest[:8]} if isinstance(digest, str) else {})


def spelt(text: str) -> str:
    """``0.01`` for ``1e-2``, ``.01`` and ``0.010``; integers and words as they are."""
    number = float(text) if DECIMAL.fullmatch(text) else inf
    return str(number) if isfinite(number) else text


def configuration(params: Mapping[str, str]) -> str:
    """All parameters that must agree for runs to be seeds of one row, as one text."""
    return repr(sorted((name, v) for name, v in params.items() if name not in MOVES_WORK))


def differing(found: Sequence[Mapping[str, str]], told: Collection[str]) -> list[str]:
    """Parameters that all of ``found`` have, and not all with one value, but for those ``told``.

    What only some have is new in seglab, and has the value that all had before.
    """
    common = set.intersection(*(set(params) for params in found)) if found else set()
    names = common - {*MOVES_WORK, *told}
    return sorted(name for name in names if len({params[name] for params in found}) > 1)


def with_params(text: str, params: Mapping[str, str], names: Iterable[str]) -> str:
    """``UNet RGB, learning_rate 0.001``."""
    return ", ".join([text, *(f"{name} {params[name]}" for name in names)])


def told_apart(rows: pd.DataFrame, shown: Sequence[str]) -> "pd.Series[str]":
    """Names of experiments, with what tells rows apart that agree in all the columns ``shown``.

    ``rows`` has these columns and dataset, experiment and params, a run's parameters.
    """
    names = dict(rows["experiment"])
    for _, alike in rows.groupby(["dataset", "experiment", *shown], sort=False, dropna=False):
        names_of = differing(list(alike["params"]), shown)
        for index, row in alike.iterrows():
            names[index] = with_params(row["experiment"], row["params"], names_of)
    return pd.Series([names[index] for index in rows.index], rows.index)


def settings_of(runs: pd.DataFrame) -> list[list[str]]:
    """What each of ``runs`` shares with those it is compared with: ``published split, width 64, 20
    epochs``; one list a run.

    ``runs`` as ``table.typed`` has them, rows of the studies on any data.

    Any other parameter in which runs differ keeps them apart and is named; so is what computed
    saliency maps, or painted targets, where there are several kinds of these. Then runs without
    such are compared with those of each kind, and have several settings.
    """
    found: list[list[str]] = [[] for _ in range(len(runs))]
    tables = [experiments()[place].table for place in runs["place"]]
    places = pd.Series(range(len(runs)), runs.index)
    texts = [said(run) for _, run in runs.iterrows()]
    for (text, table, _), rows in places.groupby([texts, tables, runs["dataset"]], sort=False):
        alike = runs.loc[rows.index]
        names = differing(list(alike["params"]), TOLD | of_rows(str(table)))
        for place, (_, run) in zip(rows, alike.iterrows(), strict=True):
            labels = [with_params(str(text), run["params"], names)]
            for name, words in KINDS.items():
                every = sorted(set(alike[name]) - {""})
                own = [run[name]] if run[name] else every
                if len(every) > 1:
                    labels = [f"{label}, {words} {kind}" for label in labels for kind in own]
            found[place] = labels
    return found


def said(run: "pd.Series[Any]") -> str:
    """Settings that are always named."""
    text = f"{run['split']} split, width {run['width']}, {run['epochs']} epochs"
    limited = pd.notna(run["pictures"]) and run["pictures"]
    text += f", at most {run['pictures']} pictures a part" if limited else ""
    return with_params(text, run["params"], unusual(run["params"]))


def of_rows(table: str) -> set[str]:
    """Parameters that make the rows of ``table`` what they are."""
    changes = {name for e in experiments() if e.table == table for name in e.changes}
    return (changes | {*USUAL}) - {*SCALING}
