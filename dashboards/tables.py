"""Results tables as the dashboard shows them: what report prints, filtered, sorted and chosen."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from pandas.io.formats.style import Styler

from dashboards import links
from seglab.results.printed import (
    NOTHING,
    heading,
    mean_and_std,
    shown_setting,
    signed,
    three_digits,
)
from seglab.results.table import Column, ResultsTable

PUBLISHED_ORDER = "published order"
BESIDE = {"over seeds": "± over seeds", "published": "published", "difference": "difference"}
"""What may stand beside each score, and how its column is headed."""


def filtered(
    table: ResultsTable, datasets: Sequence[str], splits: Sequence[str], words: str
) -> ResultsTable:
    """The rows of some data sets and splits whose experiment has all of ``words``; empty: all."""
    rows = table.rows
    keep = pd.Series(True, rows.index)
    for name, chosen in (("dataset", datasets), ("split", splits)):
        if chosen and name in rows:
            keep &= rows[name].isin(list(chosen))
    for word in words.casefold().split():
        keep &= rows["experiment"].str.casefold().str.contains(word, regex=False)
    return replace(table, rows=rows[keep].reset_index(drop=True))


def with_columns(table: ResultsTable, headings: Sequence[str]) -> ResultsTable:
    """The table with some of its score columns."""
    return replace(table, columns=tuple(c for c in table.columns if heading(c) in headings))


def sorted_by(table: ResultsTable, by: str) -> ResultsTable:
    """Rows by a score's heading, the best first; any other word leaves the published order."""
    column = next((c for c in table.columns if heading(c) == by), None)
    if column is None:
        return table
    lowest = column.best == "min" or column.name == "Loss"
    rows = table.rows.sort_values(column.key, ascending=lowest, na_position="last", kind="stable")
    return replace(table, rows=rows.reset_index(drop=True))


def grid(table: ResultsTable, beside: Sequence[str], experiment: str) -> pd.DataFrame:
    """One line a row, scores as ``report`` prints them, ``beside`` them what there is of it.

    The last columns are settings in which rows differ and the address of the row's first run.
    """
    rows = table.rows
    lines: dict[str, object] = {
        "Dataset": rows["dataset"].replace("", NOTHING),
        "Experiment": rows["experiment"].replace("", NOTHING),
    }
    for column in table.columns:
        lines[heading(column)] = texts(rows, column)
        for name in beside:
            cells = texts_beside(rows, column, name)
            if set(cells) - {NOTHING}:
                lines[f"{heading(column)} {BESIDE[name]}"] = cells
    constant = table.constants()
    for name in table.settings:
        if name not in constant:
            lines[name.title()] = [shown_setting(name, value) for value in rows[name]]
    lines["Run"] = [
        links.page("run", experiment=experiment, run=ids.partition(",")[0])
        for ids in rows["run_id"]
    ]
    return pd.DataFrame(lines)


def texts(rows: pd.DataFrame, column: Column) -> list[str]:
    """Means with their deviation over pictures."""
    pairs = zip(rows[column.key], rows[f"{column.key}_std"], strict=True)
    return [mean_and_std(mean, std, " ± ") for mean, std in pairs]


def texts_beside(rows: pd.DataFrame, column: Column, name: str) -> list[str]:
    """What stands beside a score: ``over seeds``, ``published`` or ``difference``."""
    if name == "difference":
        return [signed(value) for value in rows[f"{column.key}_difference"]]
    if name == "over seeds":
        values = rows[f"{column.key}_seeds"]
        return [NOTHING if np.isnan(value) else three_digits(value) for value in values]
    pairs = zip(rows[f"{column.key}_published"], rows[f"{column.key}_published_std"], strict=True)
    return [mean_and_std(mean, std, " ± ") for mean, std in pairs]


def in_bold(table: ResultsTable, lines: pd.DataFrame) -> Styler:
    """``lines`` (of ``grid``) with the best score of each data set and split in bold."""
    styles = pd.DataFrame("", lines.index, lines.columns)
    for column in table.columns:
        styles.loc[table.best(column), heading(column)] = "font-weight: bold"
    return lines.style.apply(lambda _: styles, axis=None)
