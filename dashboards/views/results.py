"""Results: the published tables live, sorted, filtered and exported."""

import io
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dashboards import address, shell, store, tables
from dashboards.choices import run_labels, run_of
from dashboards.score_figures import scores_figure
from seglab.errors import RUN, counted
from seglab.figures.style import DOTS_PER_INCH, FRAME, write_figure
from seglab.figures.tradeoff import tradeoff
from seglab.results.latex import latex
from seglab.results.live import Standing
from seglab.results.observations import HISTORY, best_and_last
from seglab.results.printed import heading
from seglab.results.superpixels import superpixels_table
from seglab.results.table import (
    PAINTING,
    SCORE_COLUMNS,
    ResultsTable,
    painting_table,
    typed,
    validation_table,
)

WHOLE, EPOCHS = "Whole pictures", "Best and last epoch"
PAINTED, SUPERPIXELS = "Painted superpixels", "Superpixels"
SCREEN = 100  # dots per inch of figures on the page
FEW = 3  # scores beside which there is room for all that is known
KEYS = {WHOLE: "", EPOCHS: "_epochs", PAINTED: "_painted", SUPERPIXELS: "_superpixels"}
"""What the names of a view's own parameters in the address end in."""


def show() -> None:
    """The page."""
    standing = shell.experiment("Results")
    view = address.one(st.segmented_control, "Scores of", [*KEYS], "view", required=True)
    table, beside = chosen(table_of(standing, view), view)
    if table.rows.empty:
        shell.say("No row has all that is chosen above: take a word or a choice away.")
    if not table.columns:
        shell.say("Choose a score.")
    lines = tables.grid(table, beside, st.session_state["experiment"])
    st.dataframe(
        tables.in_bold(table, lines),
        hide_index=True,
        column_config={"Run": st.column_config.LinkColumn(display_text=r"run=(\w{8})")},
        alt="results table",
    )
    st.caption(tables.caption(table, beside))
    if table.unevaluated:
        st.caption(unscored(table, view))
    export(table)
    if view == SUPERPIXELS:
        show_curves(standing.snapshot.runs)
    else:
        show_scores(table, store.colours(standing))


def unscored(table: ResultsTable, view: str) -> str:
    """How many trainings have no scores yet, how to have them, and which these trainings are."""
    told = f"{counted(len(table.unevaluated), 'training run')} without scores: `{RUN} -e "
    if view == SUPERPIXELS:  # which the page Run does not tell from those that are judged
        begin = ", ".join(table.unevaluated)
        return f"{told}superpixels -P run=<id>` scores one. Their ids begin {begin}."
    return f"{told}evaluate -P run=<id>` scores one. The page Run lists them."


def show_scores(table: ResultsTable, colours: dict[str, str]) -> None:
    """Every row's scores as a figure, on the page and as a file."""
    # Runs of another making have scores, but no experiment that would give them a colour.
    drawn = [colours.get(run, FRAME) for run in table.rows["run_id"].str.partition(",")[0]]
    st.image(figure_png(table, drawn, SCREEN))
    st.download_button(
        "Figure as PNG", lambda: figure_png(table, drawn, DOTS_PER_INCH), f"{table.name}.png",
        on_click="ignore",
    )  # fmt: skip


@st.cache_data(max_entries=20, show_spinner=False)
def figure_png(table: ResultsTable, colours: Sequence[str], dots_per_inch: int) -> bytes:
    """The figure as a file, drawn once for each change of its table: drawing takes a second."""
    png = io.BytesIO()
    write_figure(scores_figure(table, colours), png, dots_per_inch)
    return png.getvalue()


def table_of(standing: Standing, view: str) -> ResultsTable:
    """The table that is looked at; says what to run where there is none."""
    runs = standing.snapshot.runs
    if view == WHOLE:
        if standing.table is None:
            shell.say(f"There is no result to show yet: {standing.why_none}.")
        return standing.table
    table = superpixels_of(runs) if view == SUPERPIXELS else epochs_of(runs, view)
    if table is None:
        shell.say(
            "No superpixels were judged in this experiment, or their rows are gone from MLflow: "
            f"run `{RUN} -e superpixels` for photos, or with `-P run=<id>` for what a network "
            "paints."
            if view == SUPERPIXELS
            else "No run of this kind has a validation curve: train with "
            f"`{RUN} -e train`, then score with `{RUN} -e evaluate -P run=<id>`."
        )
    return table


def superpixels_of(runs: pd.DataFrame) -> ResultsTable | None:
    """Superpixels that were judged, of photos and of what networks paint."""
    rows = {
        run["run_id"]: store.per_picture(run, "superpixels")
        for _, run in curves_of(runs).iterrows()
    }
    return superpixels_table(runs, {run: rows for run, rows in rows.items() if rows is not None})


def epochs_of(runs: pd.DataFrame, view: str) -> ResultsTable | None:
    """Validation at the best and the last epoch, of networks for masks or of those that paint."""
    rows = typed(runs)
    scored = rows[[column.key for column in SCORE_COLUMNS]].notna().any(axis=1)
    concerned = runs[rows["task"] == PAINTING if view == PAINTED else scored]
    epochs = best_and_last(store.histories(concerned, HISTORY))
    return (painting_table if view == PAINTED else validation_table)(runs, epochs)


def chosen(table: ResultsTable, view: str) -> tuple[ResultsTable, list[str]]:
    """The rows and columns that the controls choose, and what is to stand beside each score.

    Each view has scores of its own, so the controls that list them have keys of their own.
    """
    own = KEYS[view]
    first, second, third, fourth = st.columns([2, 1, 2, 2])
    headings = [heading(column) for column in table.columns]
    datasets = address.several(
        first.multiselect, "Data sets", options(table.rows["dataset"]), "dataset"
    )
    parted = options(table.rows["split"]) if "split" in table.settings else []
    splits = address.several(second.multiselect, "Splits", parted, "split")
    words = address.free(
        third.text_input, "Experiments with the words", "words", default="", read=str
    )
    orders = [tables.PUBLISHED_ORDER, *headings]
    by = address.one(fourth.selectbox, "Sort by", orders, f"sort{own}")
    filled = [heading(column) for column in table.columns if table.rows[column.key].notna().any()]
    # As many as are read at a glance; the others are a click away.
    default = [name for name in headings if name.startswith("Test")] or [
        name for name in filled if not name.endswith("Loss") or view == PAINTED
    ]
    known = [name for name in tables.BESIDE if tables.has(table, name)]
    scores, beside = st.columns([3, 2])
    columns = address.several(
        scores.pills, "Scores", headings, f"columns{own}",
        default=default, selection_mode="multi", wrap=True,
    )  # fmt: skip
    wanted = address.several(
        beside.pills, "Beside each score", list(tables.BESIDE), f"beside{own}",
        default=known if len(default) <= FEW else known[:1], selection_mode="multi",
    )  # fmt: skip
    kept = tables.sorted_by(tables.filtered(table, datasets, splits, words), by)
    return tables.with_columns(kept, columns), wanted


def options(values: "pd.Series[str]") -> Sequence[str]:
    """Distinct values, as they come."""
    return list(dict.fromkeys(values))


def export(table: ResultsTable) -> None:
    """Buttons that download the rows shown: plain numbers as CSV, what is printed as LaTeX."""
    row = st.container(horizontal=True)
    row.download_button(
        "CSV", table.rows.to_csv(index=False), f"{table.name}.csv", "text/csv", on_click="ignore"
    )
    row.download_button(
        "LaTeX", lambda: latex([table]), f"{table.name}.tex", "text/x-tex", on_click="ignore"
    )


def curves_of(runs: pd.DataFrame) -> pd.DataFrame:
    """Runs that judged superpixels."""
    judged = [name for name in map(str, runs) if name.startswith("metrics.superpixels/")]
    return runs[runs[judged].notna().any(axis=1)]


def show_curves(runs: pd.DataFrame) -> None:
    """What superpixels pay for their compactness, of each run that judged some."""
    judged = curves_of(runs)
    st.header("Boundary recall over compactness")
    label = run_labels(judged)
    chosen = address.one(
        st.selectbox, "Run", [*label], "curve", keep=True, format_func=label.__getitem__
    )
    points = pd.read_csv(store.artifact(run_of(judged, chosen), "superpixels/summary.csv"))
    st.pyplot(tradeoff(points), width="content")


show()
