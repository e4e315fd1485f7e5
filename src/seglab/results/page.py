"""The results table as one self-contained HTML page."""

import base64
from collections.abc import Mapping
from importlib.resources import files

import jinja2
from markupsafe import escape

from seglab.results.printed import notes, printed, settings_line
from seglab.results.table import PARTS, SCORES, ResultsTable


def html(table: ResultsTable, pictures: Mapping[str, bytes]) -> str:
    """The page: one table a data set, then ``pictures`` (PNG files by caption).

    Style and pictures are inside, so that the file can be mailed and opened without a network; it
    is readable in light and dark and on a phone.
    """
    cells = printed(
        table, text=lambda name: str(escape(name)), bold=lambda score: f"<strong>{score}</strong>"
    ).drop(columns=[name.title() for name in table.constants()])
    first_setting = 2 + len(PARTS) * len(SCORES)
    sections = [
        (
            dataset,
            [
                (experiment, cells[: first_setting - 2], cells[first_setting - 2 :])
                for _, experiment, *cells in group.itertuples(index=False)
            ],
        )
        for dataset, group in cells.groupby("Dataset", sort=False)
    ]
    figures = [
        (caption, base64.b64encode(png).decode("ascii")) for caption, png in pictures.items()
    ]
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(files("seglab.results").joinpath("page.html").read_text())
    return template.render(
        sections=sections,
        parts=[part.title() for part in PARTS],
        scores=list(SCORES.values()),
        settings=list(cells.columns[2 + len(PARTS) * len(SCORES) :]),
        shared=settings_line(table),
        notes=notes(table),
        figures=figures,
    )
