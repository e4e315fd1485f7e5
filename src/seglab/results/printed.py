"""The results table as people read it: rounded, best scores marked, with notes."""

import math
from collections.abc import Callable

import pandas as pd

from seglab.results.table import (
    SCORES,
    SETTINGS,
    ResultsTable,
    counted,
    score_columns,
    short_id,
)

NOTHING = "–"
NOTE = (
    "IoU and Dice: mean ± population standard deviation over the pictures of a part, at threshold "
    "0.5. The best test scores of each data set and split are marked."
)


def printed(
    table: ResultsTable,
    text: Callable[[str], str] = str,
    bold: Callable[[str], str] = str,
    plus_minus: str = " ± ",
) -> pd.DataFrame:
    """The table as it is printed: Dataset, Experiment, Train IoU … Test Dice, settings, Run.

    ``text`` escapes what runs say about themselves, ``bold`` marks the best test scores.
    """
    rows = table.rows
    cells = {
        "Dataset": rows["dataset"].map(lambda name: text(name) or NOTHING),
        "Experiment": rows["experiment"].map(lambda name: text(name) or NOTHING),
    }
    for name in score_columns():
        part, score = name.split("_")
        column = pd.Series(
            [
                mean_and_std(mean, std, plus_minus)
                for mean, std in zip(rows[name], rows[f"{name}_std"], strict=True)
            ],
            rows.index,
        )
        if part == "test":
            column = column.where(~table.best(name), column.map(bold))
        cells[f"{part.title()} {SCORES[score]}"] = column
    for name in SETTINGS:
        values = rows[name].astype("string").fillna("")
        cells[name.title()] = values.map(lambda value: text(value) or NOTHING)
    cells["Run"] = pd.Series([text(short_id(row)) for _, row in rows.iterrows()], rows.index)
    return pd.DataFrame(cells)


def three_digits(value: float) -> str:
    """``value`` with three significant digits, as the original study printed it: 0.72, 0.0."""
    return str(float(f"{value:.3g}"))


def mean_and_std(mean: float, std: float, plus_minus: str) -> str:
    """Both with three significant digits; a dash where there is none."""
    if math.isnan(mean):
        return NOTHING
    spread = "" if math.isnan(std) else plus_minus + three_digits(std)
    return three_digits(mean) + spread


def settings_line(table: ResultsTable) -> str:
    """What all runs share: "Split published, width 64, epochs 20, seed 0."; may be empty."""
    shared = [
        f"{'saliency maps from' if name == 'saliency' else name} {value}"
        for name, value in table.constants().items()
        if value
    ]
    line = ", ".join(shared)
    return line[:1].upper() + line[1:] + "." * bool(line)


def notes(table: ResultsTable) -> list[str]:
    """What the numbers are, and which runs have none."""
    lines = [NOTE]
    if table.unevaluated:
        lines.append(
            f"Not in the table: {counted(len(table.unevaluated), 'training run')} without scores "
            f"({', '.join(table.unevaluated)}); mlflow run . -e evaluate -P run=<id> scores one."
        )
    return lines
