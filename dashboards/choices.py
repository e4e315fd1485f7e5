"""Rows of the results table as things to choose: a label, the runs behind it, a colour."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import pandas as pd

from seglab.errors import counted
from seglab.figures.style import BLUE, EXPERIMENTS, GREEN, ORANGE, PURPLE, SKY, VERMILLION, YELLOW
from seglab.results.experiments import experiments
from seglab.results.table import SCORE_COLUMNS, arranged, typed

OTHERS = (BLUE, ORANGE, GREEN, VERMILLION, PURPLE, SKY, YELLOW)
"""Colours of rows that are in no published table."""


class Choice(NamedTuple):
    """A row of the table: one configuration with its seeds, or one of its runs."""

    label: str
    """Unlike all others'; what addresses name it by."""
    runs: tuple[str, ...]
    title: str
    dataset: str
    colour: str
    published: str
    """Key of the published experiment it is a run of; empty if it is of none."""


def rows_of(runs: pd.DataFrame) -> list[Choice]:
    """Every configuration that was trained, scored or not, as results tables order them."""
    rows = typed(runs)
    rows = rows[rows["experiment"] != ""]
    if rows.empty:
        return []
    by_run = rows.set_index("run_id")
    found = []
    for row in arranged(rows, SCORE_COLUMNS).to_dict("records"):
        ids = tuple(row["run_id"].split(","))
        first = by_run.loc[ids[0]]
        published = first["published"]
        found.append(
            Choice(
                label=f"{row['experiment']} · {row['dataset'] or 'no data set'} · "
                f"{counted(len(ids), 'seed')} · {ids[0][:8]}",
                runs=ids,
                title=row["experiment"],
                dataset=row["dataset"],
                colour=colour(first["place"], first["experiment"]),
                published=published.key if published else "",
            )
        )
    return found


def single_runs(choices: Iterable[Choice], runs: pd.DataFrame) -> list[Choice]:
    """Each run of ``choices`` for itself."""
    seeds = dict(zip(runs["run_id"], runs.get("params.seed", runs["run_id"]), strict=True))
    return [
        choice._replace(
            label=f"{choice.title} · {choice.dataset or 'no data set'} · seed {seeds[run]} · "
            f"{run[:8]}",
            runs=(run,),
        )
        for choice in choices
        for run in choice.runs
    ]


def run_of(runs: pd.DataFrame, run_id: str) -> "pd.Series[str]":
    """What MLflow says of one run."""
    return runs[runs["run_id"] == run_id].iloc[0]


def colour(place: int, title: str) -> str:
    """The colour of an experiment on every page and in every figure.

    ``place`` is its place among the published ones; any other has one that follows from its title
    alone, so that it stays the same whatever else is run.
    """
    listed = experiments()
    key = listed[place].key.rpartition("/")[2] if place < len(listed) else ""
    return EXPERIMENTS.get(key) or OTHERS[sum(title.encode()) % len(OTHERS)]


def named(choices: Sequence[Choice], labels: Iterable[str]) -> list[Choice]:
    """The choices with these labels, in the order of the labels."""
    by_label = {choice.label: choice for choice in choices}
    return [by_label[label] for label in labels if label in by_label]


def brief(choices: Sequence[Choice]) -> list[str]:
    """Names for a legend: titles, with as much behind them as tells these choices apart."""
    datasets = len({choice.dataset for choice in choices}) > 1
    names = [choice.title + f" · {choice.dataset}" * datasets for choice in choices]
    return [
        name if names.count(name) == 1 else f"{name} · {choice.runs[0][:8]}"
        for name, choice in zip(names, choices, strict=True)
    ]
