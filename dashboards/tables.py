"""Results tables as the dashboard shows them: what report prints, filtered, sorted and chosen."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from pandas.io.formats.style import Styler

from dashboards import links
from seglab.results.printed import (
    LAST_EPOCH,
    MEASURED,
    NOTES,
    NOTHING,
    heading,
    settings_line,
    shown_setting,
)
from seglab.results.table import LAST, Column, ResultsTable

PUBLISHED_ORDER = "published order"
BESIDE = {
    "over seeds": "_seeds",
    LAST_EPOCH: LAST,
    "published": "_published",
    "difference": "_difference",
}
"""What may stand beside each score, and what its column in a ``ResultsTable`` ends in."""


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


def has(table: ResultsTable, name: str) -> bool:
    """Whether any score has ``name`` of ``BESIDE`` beside it."""
    keys = {column.key + BESIDE[name] for column in table.columns} & set(table.rows)
    return bool(table.rows[sorted(keys)].notna().any(axis=None))


def grid(table: ResultsTable, beside: Sequence[str], experiment: str) -> pd.DataFrame:
    """One line a row, under each score's heading its mean and, ``beside`` it, what there is of it.

    The first columns are the address of the row's first run and what the row is of, the last ones
    settings in which rows differ. All numbers of a score have as many decimals.
    """
    rows = table.rows
    addresses = [
        links.page("run", experiment=experiment, run=ids.partition(",")[0])
        for ids in rows["run_id"]
    ]
    lines: dict[tuple[str, str], object] = {
        ("", "Dataset"): rows["dataset"].replace("", NOTHING),
        ("", "Experiment"): rows["experiment"].replace("", NOTHING),
        ("", "Run"): addresses,
    }
    for column in table.columns:
        digits = decimals(rows[[column.key, column.key + BESIDE["published"]]])
        lines[heading(column), MEASURED] = texts(rows, column.key, digits)
        for name in beside:
            if has(with_columns(table, [heading(column)]), name):
                lines[heading(column), name] = texts_beside(rows, column, name, digits)
    constant = table.constants()
    for name in table.settings:
        if name not in constant:
            lines["", name.title()] = [shown_setting(name, value) for value in rows[name]]
    return pd.DataFrame(lines)


def decimals(values: pd.DataFrame) -> int:
    """How many give the largest of ``values`` three digits: 3 for scores up to 1."""
    largest = float(values.abs().to_numpy(dtype=float, na_value=0).max(initial=0))
    return max(0, 3 - math.ceil(math.log10(largest))) if largest > 0 else 3


def texts(rows: pd.DataFrame, key: str, digits: int) -> list[str]:
    """Means with their deviation over pictures, if they have one."""
    pairs = zip(rows[key], rows[f"{key}_std"], strict=True)
    return [
        NOTHING if np.isnan(mean) else f"{mean:.{digits}f}" + f" ± {std:.{digits}f}" * (std == std)
        for mean, std in pairs
    ]


def texts_beside(rows: pd.DataFrame, column: Column, name: str, digits: int) -> list[str]:
    """What stands beside a score: any name of ``BESIDE``."""
    key = column.key + BESIDE[name]
    if name in ("published", LAST_EPOCH):
        return texts(rows, key, digits)
    sign, before = ("+", "") if name == "difference" else ("", "± ")
    cells = [f"{before}{value:{sign}.{digits}f}".replace("-", "−") for value in rows[key]]
    return [NOTHING if "nan" in cell else cell for cell in cells]


def caption(table: ResultsTable, beside: Sequence[str]) -> str:
    """What the numbers of ``grid`` are."""
    lines = [f"{table.title}.", settings_line(table)]
    if table.name in NOTES:
        lines.append(NOTES[table.name])
    if has(table, "over seeds"):
        spread = (
            ", and beside them the standard deviation of these" if "over seeds" in beside else ""
        )
        lines.append(f"Rows of several seeds show means over them{spread}.")
    if has(table, LAST_EPOCH) and LAST_EPOCH in beside:
        lines.append("Beside scores at the lowest validation loss stand those of the last epoch.")
    if has(table, "published") and {"published", "difference"} & set(beside):
        lines.append(
            "Published is what the original study printed; difference, measured less that."
        )
    return " ".join(filter(None, lines))


def in_bold(table: ResultsTable, lines: pd.DataFrame) -> Styler:
    """``lines`` (of ``grid``) with the best score of each data set and split in bold."""
    styles = pd.DataFrame("", lines.index, lines.columns)
    for column in table.columns:
        styles.loc[table.best(column), (heading(column), MEASURED)] = "font-weight: bold"
    return lines.style.apply(lambda _: styles, axis=None)
