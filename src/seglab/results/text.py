"""The results table as plain text for the terminal."""

import re
import textwrap
from collections.abc import Callable

import pandas as pd
from tabulate import tabulate

from seglab.results.printed import LINE, notes, printed
from seglab.results.table import ResultsTable

COLUMNS = 120
"""Characters a line may have."""
WIDEST_NAME = 24
BLOCK = ["dataset", "split", "width", "epochs", "pictures"]
"""What the rows under one heading share."""
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
    seeds = table.rows["seeds"].nunique() > 1
    cells = cells.drop(columns=LINE)
    blocks = []
    for _, rows in table.rows.groupby(BLOCK, sort=False, dropna=False):
        block = cells.loc[rows.index]
        first = block.iloc[0]
        heading = [first["Dataset"].replace("\n", ""), f"{first['Split']} split"]
        heading += [f"width {first['Width']}", f"{first['Epochs']} epochs"]
        heading += [f"{first['Pictures']} pictures a part"] * first["Pictures"].isdecimal()
        heading += [] if seeds else [f"seed {first['Seeds']}"]
        body = block.drop(columns=["Dataset", *(n.title() for n in BLOCK[1:]), "Saliency"])
        body = body if seeds else body.drop(columns="Seeds")
        headers = [name.replace(" ", "\n") for name in body.columns]
        grid = tabulate(body.to_numpy().tolist(), headers=headers, disable_numparse=True)
        blocks.append("\n".join([filled(" · ".join(heading)), grid, *saliency_lines(rows)]))
    return "\n\n".join([*blocks, *map(filled, notes(table))])


def saliency_lines(rows: pd.DataFrame) -> list[str]:
    """What computed a block's saliency maps; each with its runs if not all are alike."""
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
