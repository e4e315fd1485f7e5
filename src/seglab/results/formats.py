"""The results table in every format: terminal, CSV, Parquet, Markdown, LaTeX, HTML."""

import sys
from collections.abc import Mapping
from pathlib import Path

from tabulate import tabulate

from seglab.data.files import atomic_write
from seglab.results.latex import latex
from seglab.results.page import html
from seglab.results.printed import notes, printed, settings_line
from seglab.results.table import ResultsTable
from seglab.results.text import in_bold, plain, with_star


def terminal(table: ResultsTable) -> str:
    """The table in 120 columns; best scores are bold on a terminal and have a star elsewhere."""
    return plain(table, in_bold if sys.stdout.isatty() else with_star)


def markdown(table: ResultsTable) -> str:
    """The table for a README; settings in which all runs agree stand above it."""
    cells = printed(
        table, text=lambda name: name.replace("|", r"\|"), bold=lambda score: f"**{score}**"
    ).drop(columns=[name.title() for name in table.constants()])
    grid = tabulate(cells.to_dict("list"), headers="keys", tablefmt="github", disable_numparse=True)
    return "\n\n".join(filter(None, [settings_line(table), grid, *notes(table)])) + "\n"


def write_all(table: ResultsTable, folder: Path, pictures: Mapping[str, bytes]) -> list[Path]:
    """Writes the table as results.txt, .csv, .parquet, .md, .tex and .html under ``folder``.

    CSV and Parquet hold plain numbers, the others what is printed. ``pictures`` are PNG files by
    caption; the HTML page contains them. The same runs give the same bytes.
    """
    contents = {
        "txt": (plain(table) + "\n").encode(),
        "csv": table.rows.to_csv(index=False).encode(),
        "parquet": table.rows.to_parquet(index=False),
        "md": markdown(table).encode(),
        "tex": latex(table).encode(),
        "html": html(table, pictures).encode(),
    }
    paths = []
    for suffix, content in contents.items():
        paths.append(folder / f"results.{suffix}")
        write(paths[-1], content)
    return paths


def write(path: Path, content: bytes) -> None:
    """``path`` holding ``content``."""
    atomic_write(path, lambda file: file.write(content))
