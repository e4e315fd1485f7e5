"""The results tables for a paper, in LaTeX with booktabs."""

from collections.abc import Sequence

from seglab.results.printed import (
    LINE,
    NOTHING,
    by_group,
    notes,
    printed,
    settings_line,
    without_constants,
)
from seglab.results.table import ResultsTable

PREAMBLE = "% \\usepackage{booktabs,graphicx}\n"
"""What a paper needs to take the tables in."""

SPECIAL = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "|": r"\textbar{}",
        "–": "--",
        "·": r"$\cdot$",
        "±": r"$\pm$",
        "−": "$-$",
        "…": r"\dots{}",
        "×": r"$\times$",
        "≥": r"$\geq$",
        "α": r"$\alpha$",
        **{character: "\\" + character for character in "&%$#_{}"},
    }
)


def escaped(text: str) -> str:
    """``text`` with every character that LaTeX would take for itself written out.

    Two hyphens, as of a flag, would be one dash.
    """
    return "-{}-".join(part.translate(SPECIAL) for part in text.split("--"))


def latex(tables: Sequence[ResultsTable]) -> str:
    """Every table, to \\input in a paper; needs the packages booktabs and graphicx."""
    return PREAMBLE + "\n".join(latex_table(table) for table in tables)


def latex_table(table: ResultsTable) -> str:
    """One table as a ``table*``.

    Settings in which all rows agree stand in the caption, the others in columns.
    """
    cells = printed(
        table, text=escaped, bold=lambda score: rf"\textbf{{{score}}}", plus_minus=r" $\pm$ "
    ).replace(NOTHING, "--")
    cells = without_constants(table, cells).drop(columns=LINE)
    groups = [(name, len(list(columns))) for name, columns in by_group(table.columns)]
    settings = list(cells.columns[2 + len(table.columns) :])

    parts, rules, start = [], [], 3
    for spanning, width in groups:
        parts.append(rf"\multicolumn{{{width}}}{{c}}{{{escaped(spanning)}}}")
        rules.append(rf"\cmidrule(lr){{{start}-{start + width - 1}}}")
        start += width
    caption = escaped(" ".join([f"{table.title}.", *notes(table), settings_line(table)]).strip())
    lines = [
        r"\begin{table*}",
        r"\centering",
        rf"\caption{{{caption}}}",
        r"\resizebox{\linewidth}{!}{%",
        rf"\begin{{tabular}}{{ll{'r' * len(table.columns)}{'l' * len(settings)}}}",
        r"\toprule",
        row(["", "", *parts, *[""] * len(settings)]),
        " ".join(rules),
        row(["Dataset", "Experiment", *(column.name for column in table.columns), *settings]),
    ]
    for _, group in cells.groupby("Dataset", sort=False):
        lines.append(r"\midrule")
        # A data set is named once, at its first row.
        names = [group["Dataset"].iloc[0], *[""] * (len(group) - 1)]
        body = group.assign(Dataset=names, Experiment=group["Experiment"].map(ascii_only))
        signs = body.replace({"−": "$-$"}, regex=True)
        lines += [row(line) for line in signs.to_numpy().tolist()]
    lines += [r"\bottomrule", r"\end{tabular}}", r"\end{table*}", ""]
    return "\n".join(lines)


def ascii_only(name: str) -> str:
    """The name of a line below a row, which no run chose, in LaTeX's own signs."""
    return name.replace("·", r"\quad").replace("±", r"$\pm$")


def row(cells: list[str]) -> str:
    """One line of a tabular."""
    return " & ".join(cells) + r" \\"
