"""A report in every format: terminal, CSV, Parquet, Markdown, LaTeX, HTML."""

import sys
from collections.abc import Callable
from pathlib import Path

from tabulate import tabulate

from seglab.data.files import atomic_write
from seglab.results.latex import latex
from seglab.results.page import html
from seglab.results.printed import LINE, notes, printed, settings_line, without_constants
from seglab.results.report import Report
from seglab.results.table import ResultsTable
from seglab.results.text import filled, in_bold, plain, with_star
from seglab.results.verdicts import verdict_frame


def terminal(report: Report) -> str:
    """The report in 120 columns; best scores are bold on a terminal and have a star elsewhere."""
    return as_text(report, in_bold if sys.stdout.isatty() else with_star)


def as_text(report: Report, mark: Callable[[str], str] = with_star) -> str:
    """Remarks, tables and verdicts as plain text."""
    parts = [filled(remark) for remark in report.remarks]
    for table in report.tables:
        parts += [f"{table.title}\n"] * (len(report.tables) > 1)
        parts.append(plain(table, mark))
    if report.verdicts:
        parts.append("Verdicts on the study's claims")
    parts += [filled(f"{v.claim.text}: {v.word.upper()}. {v.because}.") for v in report.verdicts]
    return "\n\n".join(parts)


def markdown(report: Report) -> str:
    """The report for a README or docs."""
    parts = [f"**{remark}**" for remark in report.remarks]
    for table in report.tables:
        parts += [f"### {table.title}"] * (len(report.tables) > 1)
        parts += filter(None, [settings_line(table), markdown_table(table), *notes(table)])
    if report.verdicts:
        parts.append("### Verdicts on the study's claims")
        lines = [
            f"- {v.claim.text}: **{v.word}**. {v.because}. (Measured by {v.claim.measure}.)"
            for v in report.verdicts
        ]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def markdown_table(table: ResultsTable) -> str:
    """One table; settings in which all rows agree are left out."""
    cells = printed(
        table, text=lambda name: name.replace("|", r"\|"), bold=lambda score: f"**{score}**"
    )
    cells = without_constants(table, cells).drop(columns=LINE)
    return tabulate(cells.to_dict("list"), headers="keys", tablefmt="github", disable_numparse=True)


def write_all(report: Report, folder: Path) -> list[Path]:
    """Writes the report as results.txt, .md, .tex and .html, each table as .csv and .parquet, and
    the verdicts as verdicts.csv under ``folder``.

    CSV and Parquet hold plain numbers, the others what is printed; the HTML page contains the
    pictures. The same runs give the same bytes.
    """
    contents = {
        "results.txt": (as_text(report) + "\n").encode(),
        "results.md": markdown(report).encode(),
        "results.tex": latex(report.tables).encode(),
        "results.html": html(report).encode(),
    }
    for table in report.tables:
        contents[f"{table.name}.csv"] = table.rows.to_csv(index=False).encode()
        contents[f"{table.name}.parquet"] = table.rows.to_parquet(index=False)
    if report.verdicts:
        contents["verdicts.csv"] = verdict_frame(report.verdicts).to_csv(index=False).encode()
    for name, content in contents.items():
        write(folder / name, content)
    return [folder / name for name in contents]


def write(path: Path, content: bytes) -> None:
    """``path`` holding ``content``."""
    atomic_write(path, lambda file: file.write(content))
