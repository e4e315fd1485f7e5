"""The results as one self-contained HTML page."""

import base64
from importlib.resources import files

import jinja2
from markupsafe import escape

from seglab.results.printed import (
    LINE,
    MEASURED,
    by_group,
    notes,
    printed,
    settings_line,
    without_constants,
)
from seglab.results.report import Report
from seglab.results.table import ResultsTable


def html(report: Report) -> str:
    """The page: one table a data set, verdicts, then pictures (PNG files by caption).

    Style and pictures are inside, so that the file can be mailed and opened without a network; it
    is readable in light and dark and on a phone.
    """
    figures = [
        (caption, base64.b64encode(png).decode("ascii")) for caption, png in report.pictures.items()
    ]
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(files("seglab.results").joinpath("page.html").read_text())
    return template.render(
        title=report.title,
        remarks=report.remarks,
        tables=[described(table) for table in report.tables],
        verdicts=report.verdicts,
        figures=figures,
    )


def described(table: ResultsTable) -> dict[str, object]:
    """What the page's template shows of a table."""
    cells = printed(
        table, text=lambda name: str(escape(name)), bold=lambda score: f"<strong>{score}</strong>"
    )
    cells = without_constants(table, cells)
    first_setting = 1 + len(table.columns)
    sections = [
        (
            dataset,
            [
                (line == MEASURED, cells[0], cells[1:first_setting], cells[first_setting:])
                for line, _, *cells in group.itertuples(index=False)
            ],
        )
        for dataset, group in cells.groupby("Dataset", sort=False)
    ]
    return {
        "title": table.title,
        "sections": sections,
        "groups": [(group, len(list(columns))) for group, columns in by_group(table.columns)],
        "scores": [column.name for column in table.columns],
        "settings": list(cells.drop(columns=LINE).columns[1 + first_setting :]),
        "shared": settings_line(table),
        "notes": notes(table),
    }
