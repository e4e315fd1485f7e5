"""Rows of the results table as things to choose: a label, the runs behind it, a colour."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from seglab.errors import counted
from seglab.figures.style import BLUE, EXPERIMENTS, GREEN, ORANGE, PURPLE, SKY, VERMILLION, YELLOW
from seglab.results.apart import differing, with_params
from seglab.results.experiments import experiments
from seglab.results.table import SCORE_COLUMNS, arranged, typed

OTHERS = (BLUE, ORANGE, GREEN, VERMILLION, PURPLE, SKY, YELLOW)
"""Colours of rows that are in no published table."""


class Choice(NamedTuple):
    """A row of the table: one configuration with its seeds, or one of its runs."""

    label: str
    """Unlike all others' while no run comes in."""
    runs: tuple[str, ...]
    title: str
    """Of its experiment, with the parameters in which rows of one experiment differ."""
    dataset: str
    colour: str
    published: str
    """Key of the published experiment it is a run of; empty if it is of none."""
    params: Mapping[str, str]
    """Of its first run, and what made the saliency maps that it saw and the targets that it learnt,
    where it had any."""

    @property
    def name(self) -> str:
        """What addresses name it by: its runs, which stay these whatever else is run."""
        return ",".join(self.runs)


def rows_of(runs: pd.DataFrame) -> list[Choice]:
    """Every configuration that was trained, scored or not, as results tables order them."""
    rows = typed(runs)
    rows = rows[rows["experiment"] != ""]
    if rows.empty:
        return []
    by_run, trials = rows.set_index("run_id"), trials_of(runs)
    found = list[Choice]()
    alike = defaultdict[object, list[int]](list)
    for row in arranged(rows, SCORE_COLUMNS).to_dict("records"):
        ids = tuple(row["run_id"].split(","))
        first = by_run.loc[ids[0]]
        title, published = first["experiment"], first["published"]
        made_from = {"saliency maps": first["saliency"], "targets": first["targets"]}
        alike[title, row["dataset"], ids[0] in trials].append(len(found))
        found.append(
            Choice(
                label="",
                runs=ids,
                title=title,
                dataset=row["dataset"],
                colour=colour(first["place"], title),
                published=published.key if published else "",
                params=first["params"] | {name: kind for name, kind in made_from.items() if kind},
            )
        )
    for places in alike.values():
        names = differing([found[place].params for place in places], {"dataset"})
        for place in places:
            choice = found[place]
            title, seeds = with_params(choice.title, choice.params, names), len(choice.runs)
            label = labelled(title, choice.dataset, counted(seeds, "seed"), choice.runs[0])
            found[place] = choice._replace(title=title, label=label)
    return found


def trials_of(runs: pd.DataFrame) -> set[str]:
    """Runs of searches of parameters: many rows that are nearly alike."""
    if "tags.optuna.trial" not in runs:
        return set()
    return set(runs.loc[runs["tags.optuna.trial"].notna(), "run_id"])


def labelled(title: str, dataset: str, seeds: str, run_id: str) -> str:
    """``UNet RGB · iCoseg · 2 seeds · 0a1b2c3d``."""
    return f"{title} · {dataset or 'no data set'} · {seeds} · {run_id[:8]}"


def single_runs(choices: Iterable[Choice], runs: pd.DataFrame) -> list[Choice]:
    """Each run of ``choices`` for itself."""
    seeds = dict(zip(runs["run_id"], runs.get("params.seed", runs["run_id"]), strict=True))
    return [
        choice._replace(
            label=labelled(choice.title, choice.dataset, f"seed {seeds[run]}", run),
            runs=(run,),
        )
        for choice in choices
        for run in choice.runs
    ]


def run_labels(runs: pd.DataFrame) -> dict[str, str]:
    """What to call runs of any kind, by their ids."""
    names = runs["name"] + " · " + runs["run_id"].str[:8]
    return dict(zip(runs["run_id"], names, strict=True))


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


def with_asked(choices: Sequence[Choice], names: Iterable[str]) -> list[Choice]:
    """``choices``, and those that an address made of some runs of one: it has more seeds since."""
    found = {choice.name: choice for choice in choices}
    whole = {run: choice for choice in reversed(choices) for run in choice.runs}
    for name in names:
        runs = tuple(name.split(","))
        row = whole.get(runs[0])
        if name not in found and row and set(runs) < set(row.runs):
            seeds = f"{len(runs)} of {counted(len(row.runs), 'seed')}"
            label = labelled(row.title, row.dataset, seeds, runs[0])
            found[name] = row._replace(runs=runs, label=label)
    return list(found.values())


def labels(choices: Iterable[Choice]) -> dict[str, str]:
    """Labels of choices by their names."""
    return {choice.name: choice.label for choice in choices}


def named(choices: Sequence[Choice], names: Iterable[str]) -> list[Choice]:
    """The choices with these names, in the order of the names."""
    by_name = {choice.name: choice for choice in choices}
    return [by_name[name] for name in names]


def brief(choices: Sequence[Choice]) -> list[str]:
    """Names for a legend: titles, with as much behind them as tells these choices apart."""
    datasets = len({choice.dataset for choice in choices}) > 1
    names = [choice.title + f" · {choice.dataset}" * datasets for choice in choices]
    return [
        name if names.count(name) == 1 else f"{name} · {choice.runs[0][:8]}"
        for name, choice in zip(names, choices, strict=True)
    ]
