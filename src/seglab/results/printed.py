"""Results tables as people read them: rounded, best scores marked, with notes."""

import math
from collections.abc import Callable, Iterator
from itertools import groupby

import pandas as pd

from seglab.errors import RUN, counted
from seglab.results.cells import as_setting, short_ids
from seglab.results.table import LAST, Column, ResultsTable

NOTHING = "–"
MEASURED = "measured"
LAST_EPOCH = "last epoch"
LINE = "Line"
"""Column that says what a line shows: measured, over seeds, last epoch, published, difference."""
NOTE = (
    "IoU and Dice: mean ± population standard deviation over the pictures of a part, at threshold "
    "0.5. The best test scores among rows of the same settings are marked."
)
SEEDS_NOTE = "Rows of several seeds show means over them, and below the standard deviation of these"
SUPERPIXEL_NOTE = (
    "K: superpixels that came out. BR: boundary recall within 5×5 pixels. UE: undersegmentation "
    "error, 1 − ASA; NP: of Neubert and Protzel. CO: compactness; by rim it counts border pixels, "
    "as the study's code does; by edges it is that of Schick et al. Weight: of colour (eikonal) or "
    "compactness (SLIC). Means over annotators, then over the pictures of the parts named."
)
NOTES = {"results": NOTE, "superpixels": SUPERPIXEL_NOTE}
"""What the numbers of a table are, by its name."""
LAST_NOTE = (
    "A row is of the epoch with the lowest validation loss, as in the original study; below it "
    "stands the last epoch."
)
PUBLISHED_NOTE = "Below a row: what the original study published, and measured less published."


def printed(
    table: ResultsTable,
    text: Callable[[str], str] = str,
    bold: Callable[[str], str] = str,
    plus_minus: str = " ± ",
) -> pd.DataFrame:
    """The table as it is printed: Line, Dataset, Experiment, Train IoU … Test Dice, settings, Run.

    A measured row is followed by lines for the spread over seeds, what was published and the
    difference, where there are such; they have its index. ``text`` escapes what runs say about
    themselves, ``bold`` marks the best values.
    """
    best = {column.key: table.best(column).tolist() for column in table.columns}
    lines = []
    for number, (_, row) in enumerate(table.rows.iterrows()):
        names = {"Dataset": text(row["dataset"]) or NOTHING}
        settings = {
            name.title(): text(shown_setting(name, row[name])) or NOTHING for name in table.settings
        }
        first = {
            heading(column): (bold if best[column.key][number] else str)(
                mean_and_std(row[column.key], row[f"{column.key}_std"], plus_minus)
            )
            for column in table.columns
        }
        experiment = {"Experiment": text(row["experiment"]) or NOTHING}
        run = {"Run": text(short_ids(row))}
        lines.append({LINE: MEASURED} | names | experiment | first | settings | run)
        blank = dict.fromkeys([*settings, "Run"], "")
        for line, cells in beside(row, table.columns, plus_minus).items():
            lines.append({LINE: line} | names | {"Experiment": f"· {line}"} | cells | blank)
    return pd.DataFrame(lines, index_of(table, lines))


def index_of(table: ResultsTable, lines: list[dict[str, str]]) -> list[object]:
    """The row of the table that each line belongs to."""
    rows = iter(table.rows.index)
    index: list[object] = []
    for line in lines:
        index.append(next(rows) if line[LINE] == MEASURED else index[-1])
    return index


def beside(
    row: "pd.Series[float]", columns: tuple[Column, ...], plus_minus: str
) -> dict[str, dict[str, str]]:
    """The lines below a measured row, those without any number left out."""
    over = f"± over {counted(len(str(row['seeds']).split(',')), 'seed')}"
    ends = {over: "_seeds", LAST_EPOCH: LAST, f"{LAST_EPOCH}, {over}": f"{LAST}_seeds"}
    lines = {
        line: {
            heading(c): mean_and_std(
                row.get(c.key + end, math.nan), row.get(f"{c.key}{end}_std", math.nan), plus_minus
            )
            for c in columns
        }
        for line, end in (ends | {"published": "_published"}).items()
    }
    lines["difference"] = {heading(c): signed(row[f"{c.key}_difference"]) for c in columns}
    return {line: cells for line, cells in lines.items() if set(cells.values()) != {NOTHING}}


def heading(column: Column) -> str:
    """``Test IoU``."""
    return f"{column.group} {column.name}"


def by_group(columns: tuple[Column, ...]) -> Iterator[tuple[str, Iterator[Column]]]:
    """Columns under each heading that spans several."""
    return groupby(columns, key=lambda column: column.group)


def shown_setting(name: str, value: object) -> str:
    """A setting as it is printed; no limit on pictures is all of them."""
    text = as_setting(value)
    return "all" if (name, text) == ("pictures", "0") else text


def three_digits(value: float) -> str:
    """``value`` with three significant digits, as the original study printed it: 0.72, 0.0."""
    return str(float(f"{value:.3g}"))


def mean_and_std(mean: float, std: float, plus_minus: str) -> str:
    """Both with three significant digits; a dash where there is none."""
    if math.isnan(mean):
        return NOTHING
    spread = "" if math.isnan(std) else plus_minus + three_digits(std)
    return three_digits(mean) + spread


def signed(difference: float) -> str:
    """With its sign and two significant digits: +0.013, −0.2; a dash where there is none."""
    if math.isnan(difference):
        return NOTHING
    return f"{float(f'{difference:.2g}'):+}".replace("-", "−")


def settings_line(table: ResultsTable) -> str:
    """What all rows share: "Split published, width 64, epochs 20, seeds 0."; may be empty."""
    words = {
        "saliency": "saliency maps from", "parts": "judged on", "targets": "learnt from",
    }  # fmt: skip
    shared = [
        f"{words.get(name, name)} {shown_setting(name, value)}"
        for name, value in constants(table).items()
    ]
    line = ", ".join(shared)
    return line[:1].upper() + line[1:] + "." * bool(line)


def constants(table: ResultsTable) -> dict[str, str]:
    """Settings in which all rows agree, where these say anything."""
    return {n: v for n, v in table.constants().items() if v and (n, v) != ("pictures", "0")}


def without_constants(table: ResultsTable, cells: pd.DataFrame) -> pd.DataFrame:
    """``cells`` less the columns of settings in which all rows agree."""
    return cells.drop(columns=[name.title() for name in table.constants()])


def notes(table: ResultsTable) -> list[str]:
    """What the numbers are, and which runs have none."""
    lines = [NOTES[table.name]] if table.name in NOTES else []
    if table.rows["seeds"].str.contains(",").any():
        lines.append(f"{SEEDS_NOTE}.")
    lasts = [column.key + LAST for column in table.columns if column.last]
    if lasts and table.rows[lasts].notna().any(axis=None):
        lines.append(LAST_NOTE)
    if table.rows[[f"{column.key}_published" for column in table.columns]].notna().any(axis=None):
        lines.append(PUBLISHED_NOTE)
    if table.unevaluated:
        job = "superpixels" if table.name == "superpixels" else "evaluate"
        lines.append(
            f"Not in the table: {counted(len(table.unevaluated), 'training run')} without scores "
            f"({', '.join(table.unevaluated)}); {RUN} -e {job} -P run=<id> scores one."
        )
    return lines
