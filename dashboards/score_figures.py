"""Figures of results tables: every row's score, over its seeds, beside what was published."""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from seglab.figures.style import FRAME, INK, label_axes
from seglab.results.printed import heading, shown_setting
from seglab.results.table import ResultsTable

MOST = 40
"""Rows that are drawn."""
LINE = 0.32
"""Inches of height a row takes."""
ACROSS = 4
"""Panels beside each other, at most."""
NAMES, PANEL = 2.4, 2.4
"""Inches of width that the rows' names and a panel take: four panels fill a page of 1280 pixels."""


def scores_figure(table: ResultsTable, colours: Sequence[str]) -> Figure:
    """Each score column as a panel, each row as a line: mean, ± std over seeds, published.

    ``colours`` has one of each row. At most ``MOST`` rows are drawn, the first ones.
    """
    rows, columns = table.rows.head(MOST).to_dict("records"), table.columns
    places = np.arange(len(rows))[::-1]
    down = -(-len(columns) // ACROSS)
    across = -(-len(columns) // down)
    height = 0.7 + (0.7 + LINE * max(len(rows), 3)) * down
    figure = Figure((NAMES + PANEL * across, height), layout="constrained")
    grid = figure.subplots(down, across, squeeze=False, sharey=True)
    for axes in grid.flat[len(columns) :]:
        axes.remove()
    for axes, column in zip(grid.flat, columns, strict=False):
        for place, colour, row in zip(places, colours, rows, strict=False):
            spread = row[f"{column.key}_seeds"]
            error = None if np.isnan(spread) else spread
            axes.errorbar(
                row[column.key], place, xerr=error, fmt="o", color=colour, markersize=6, capsize=3
            )
            axes.plot(
                row[f"{column.key}_published"], place, "D", color=colour, fillstyle="none",
                markersize=6,
            )  # fmt: skip
        label_axes(axes, heading(column), "")
    grid[0, 0].set_yticks(places, names_of(table, rows))
    handles = [
        Line2D([], [], color=FRAME, marker="o", label="measured, ± std over seeds"),
    ]
    if any(row[f"{column.key}_published"] > 0 for row in rows for column in columns):
        handles += [
            Line2D([], [], color=FRAME, marker="D", fillstyle="none", ls="", label="published")
        ]
    figure.legend(handles=handles, loc="outside lower center", ncols=2, frameon=False, fontsize=9)
    if len(table.rows) > MOST:
        figure.suptitle(f"the first {MOST} of {len(table.rows)} rows", color=INK, fontsize=9)
    return figure


def names_of(table: ResultsTable, rows: Sequence[Mapping[Hashable, Any]]) -> list[str]:
    """What each of ``rows`` is called: its experiment and, below, what tells it from the others."""
    constant = table.constants()
    names = [name for name in table.settings if name not in {*constant, "seeds"}]
    several = len({row["dataset"] for row in rows}) > 1
    number = Counter((row["experiment"], row["dataset"]) for row in rows)
    found = []
    for row in rows:
        below = [row["dataset"]] if several else []
        if number[row["experiment"], row["dataset"]] > 1:
            below += [f"{name} {shown_setting(name, row[name])}" for name in names]
        name = row["experiment"] or row["run_id"][:8]
        found.append(f"{name}\n{', '.join(below)}" if below else name)
    return found
