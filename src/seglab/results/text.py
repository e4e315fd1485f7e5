"""The results table as plain text for the terminal."""

import re
import textwrap
from collections.abc import Callable

import pandas as pd
from tabulate import tabulate

from seglab.results.printed import LINE, NOTHING, notes, printed, shown_setting
from seglab.results.table import ResultsTable

COLUMNS = 120
"""Characters a line may have."""
WIDEST_NAME = 24
HEADINGS = {
    "split": "{} split",
    "parts": "judged on {}",
    "width": "width {}",
    "epochs": "{} epochs",
    "pictures": "{} pictures a part",
    "targets": "learnt from {}",
    "seeds": "seed {}",
    "weight": "weight {}",
    "colour": "{} colour",
}
"""How a setting that all rows under a heading share is told there."""
ANSI = re.compile(r"\x1b\[\d*m")


def in_bold(score: str) -> str:
    """``score`` in bold on a terminal, line by line, for a cell may have two."""
    return "\n".join(f"\x1b[1m{line}\x1b[0m" for line in score.splitlines())


def with_star(score: str) -> str:
    """``score`` with a star behind its first line, where nothing can be bold."""
    mean, newline, std = score.partition("\n")
    return f"{mean}*{newline}{std}"


def plain(table: ResultsTable, mark: Callable[[str], str] = with_star) -> str:
    """The table in at most 120 columns, one block a data set, split, width and number of epochs.

    Mean and standard deviation stand beside each other where that fits, else one below the other.
    """
    text = in_blocks(table, printed(table, bold=mark, plus_minus="±"))
    if widest(text) <= COLUMNS:
        return text
    stacked = printed(table, text=wrapped, bold=mark, plus_minus="\n± ")
    stacked["Run"] = stacked["Run"].str.replace(" ", "\n")
    return in_blocks(table, stacked)


def in_blocks(table: ResultsTable, cells: pd.DataFrame) -> str:
    """Blocks of ``cells`` under their headings, then the notes."""
    constants = table.constants()
    shared = [s for s in table.settings if s in table.blocks or (s in constants and s in HEADINGS)]
    cells = cells.drop(columns=LINE)
    blocks = []
    for _, rows in table.rows.groupby(["dataset", *table.blocks], sort=False, dropna=False):
        block, first = cells.loc[rows.index], rows.iloc[0]
        values = {
            s: constants[s] if s in constants else shown_setting(s, first[s]) or NOTHING
            for s in shared
        }
        heading = [first["dataset"] or NOTHING]
        heading += [HEADINGS[s].format(value) for s, value in values.items() if worth(s, value)]
        columns = ["Dataset", *(s.title() for s in shared), "Saliency"]
        body = block.drop(columns=columns, errors="ignore")
        headers = [name.replace(" ", "\n") for name in body.columns]
        grid = tabulate(body.to_numpy().tolist(), headers=headers, disable_numparse=True)
        blocks.append("\n".join([filled(" · ".join(heading)), grid, *saliency_lines(rows)]))
    return "\n\n".join([*blocks, *map(filled, notes(table))])


def worth(setting: str, value: str) -> bool:
    """Whether a shared setting says anything: that all pictures were taken goes without saying."""
    return value.isdecimal() and value != "0" if setting == "pictures" else value != ""


def saliency_lines(rows: pd.DataFrame) -> list[str]:
    """What computed a block's saliency maps; each with its runs if not all are alike."""
    if "saliency" not in rows:
        return []
    by_label = rows[rows["saliency"] != ""].groupby("saliency", sort=False)["run_id"]
    lines = []
    for label, runs in by_label:
        ids = f" (runs {', '.join(runs.str[:8])})" if len(by_label) > 1 else ""
        lines.append(filled(f"Saliency maps: {label}{ids}"))
    return lines


def filled(line: str) -> str:
    """``line`` broken at spaces to the terminal's width."""
    return textwrap.fill(line, COLUMNS)


def wrapped(name: str) -> str:
    """``name`` broken to the width that leaves room for the scores."""
    return textwrap.fill(name, WIDEST_NAME)


def widest(text: str) -> int:
    """Visible characters of the longest line."""
    return max(len(ANSI.sub("", line)) for line in text.splitlines())
