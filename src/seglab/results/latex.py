"""The results table for a paper, in LaTeX with booktabs."""

from seglab.results.printed import NOTHING, notes, printed, settings_line
from seglab.results.table import PARTS, SCORES, ResultsTable

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
        **{character: "\\" + character for character in "&%$#_{}"},
    }
)


def escaped(text: str) -> str:
    """``text`` with every character that LaTeX would take for itself written out."""
    return text.translate(SPECIAL)


def latex(table: ResultsTable) -> str:
    """A ``table*`` to \\input in a paper; needs the packages booktabs and graphicx.

    Settings in which all runs agree stand in the caption, the others in columns.
    """
    cells = printed(
        table, text=escaped, bold=lambda score: rf"\textbf{{{score}}}", plus_minus=r" $\pm$ "
    ).replace(NOTHING, "--")
    cells = cells.drop(columns=[name.title() for name in table.constants()])
    settings = list(cells.columns[2 + len(PARTS) * len(SCORES) :])
    scores = [*SCORES.values()] * len(PARTS)
    starts = range(3, 3 + len(scores), len(SCORES))

    parts = [rf"\multicolumn{{{len(SCORES)}}}{{c}}{{{part.title()}}}" for part in PARTS]
    rules = [rf"\cmidrule(lr){{{start}-{start + len(SCORES) - 1}}}" for start in starts]
    lines = [
        r"% \usepackage{booktabs,graphicx}",
        r"\begin{table*}",
        r"\centering",
        rf"\caption{{{escaped(' '.join([*notes(table), settings_line(table)]).strip())}}}",
        r"\resizebox{\linewidth}{!}{%",
        rf"\begin{{tabular}}{{ll{'r' * len(scores)}{'l' * len(settings)}}}",
        r"\toprule",
        row(["", "", *parts, *[""] * len(settings)]),
        " ".join(rules),
        row(["Dataset", "Experiment", *scores, *settings]),
    ]
    for _, group in cells.groupby("Dataset", sort=False):
        lines.append(r"\midrule")
        # A data set is named once, at its first row.
        names = [group["Dataset"].iloc[0], *[""] * (len(group) - 1)]
        lines += [row(line) for line in group.assign(Dataset=names).to_numpy().tolist()]
    lines += [r"\bottomrule", r"\end{tabular}}", r"\end{table*}", ""]
    return "\n".join(lines)


def row(cells: list[str]) -> str:
    """One line of a tabular."""
    return " & ".join(cells) + r" \\"
