"""Per picture: where run B is better than run A, by how much, and whether that may be noise."""

from itertools import combinations

import pandas as pd
import streamlit as st
from plotly.graph_objects import Figure

from dashboards import compare, links, shell, store
from dashboards.choices import Choice, named, run_of, single_runs
from seglab.data.config import PARTS
from seglab.errors import RUN, counted
from seglab.results.live import Standing
from seglab.results.observations import TABLE_THRESHOLD


def show() -> None:
    """The page."""
    standing = shell.experiment("Per picture")
    rows, single = scored_choices(standing)
    scored = rows + single
    if len(scored) < 2:
        shell.say(
            f"{counted(len(scored), 'scored run')} in this experiment, and two are compared: "
            f"train with `{RUN} -e train`, score with `{RUN} -e evaluate -P run=<id>`."
        )
    labels = [choice.label for choice in scored]
    left, right, *rest = st.columns([4, 4, 1, 1])
    places = [scored.index(choice) for choice in best_two(standing, rows, single)]
    a = left.selectbox("A", labels, index=places[0], key="a", bind="query-params")
    b = right.selectbox("B", labels, index=places[1], key="b", bind="query-params")
    part = rest[0].selectbox("Part", PARTS[::-1], key="part", bind="query-params")
    score = rest[1].selectbox(
        "Score", list(compare.SCORES), key="score", bind="query-params",
        format_func=compare.SCORES.__getitem__,
    )  # fmt: skip
    first, second = named(scored, [a, b])
    runs = standing.snapshot.runs
    table_a, table_b = (rows_per_picture(choice, runs, part) for choice in (first, second))
    if table_a.empty or table_b.empty:
        shell.say(
            f"The part {part} was not scored in both, or per-picture scores are gone from MLflow: "
            f"`{RUN} -e evaluate -P run=<id>` makes them again."
        )
    found = compare.compare(table_a, table_b, score)
    st.markdown(compare.in_words(found, score))
    if found.pictures.empty:
        return
    st.caption(f"{compare.which_runs(found, table_a, table_b)} A click on a picture opens it.")
    name_a, name_b = names = [
        f"{choice.title}, {compare.listed(seeds)}"
        for choice, seeds in zip((first, second), found.seeds, strict=True)
    ]
    scatter, sorted_scores = st.columns(2)
    with scatter:
        picked = shown(
            compare.scatter(found.pictures, score, name_a, name_b, second.colour), "scatter"
        )
    with sorted_scores:
        colours = first.colour, second.colour
        picked += shown(
            compare.sorted_coefficients(found.pictures, names, colours, score), "sorted"
        )
    picked += shown(compare.differences(found.pictures, score, second.colour), "differences")
    if picked:
        open_picture(picked[0], runs, [first, second], found.seeds, part)


def shown(figure: Figure, key: str) -> list[str]:
    """Draws a figure of pictures; the names of those that were clicked."""
    chart = st.plotly_chart(figure, key=key, theme=None, on_select="rerun", selection_mode="points")
    return [point["customdata"] for point in chart.selection.points]


def scored_choices(standing: Standing) -> tuple[list[Choice], list[Choice]]:
    """Configurations with scored pictures; and each of their runs, where they have several."""
    if standing.table is None:
        return [], []
    scored = {run for ids in standing.table.rows["run_id"] for run in ids.split(",")}
    rows = [c for c in store.choices(standing) if set(c.runs) & scored]
    runs = single_runs([row for row in rows if len(row.runs) > 1], standing.snapshot.runs)
    return rows, [run for run in runs if run.runs[0] in scored]


def best_two(standing: Standing, rows: list[Choice], runs: list[Choice]) -> list[Choice]:
    """The two rows of one data set with the best test IoU, as the results table orders them.

    Where no data set has two, two seeds of a row.
    """
    assert standing.table is not None
    table = standing.table.rows
    iou = {
        run: value
        for ids, value in zip(table["run_id"], table["test_iou"].fillna(-1), strict=True)
        for run in ids.split(",")
    }
    ranked = sorted(rows, key=lambda row: -max(iou.get(run, -1) for run in row.runs))
    for one, other in combinations(ranked, 2):
        if one.dataset == other.dataset:
            return sorted([one, other], key=rows.index)
    for row in ranked:
        seeds = [run for run in runs if run.runs[0] in row.runs]
        if len(seeds) > 1:
            return seeds[:2]
    return rows[:2]


def rows_per_picture(choice: Choice, runs: pd.DataFrame, part: str) -> pd.DataFrame:
    """seed, image, iou and dice of a part at the tables' threshold, of every run of a choice."""
    frames = [pd.DataFrame(columns=["seed", "image", "iou", "dice"])]
    for _, run in runs[runs["run_id"].isin(choice.runs)].iterrows():
        rows = store.per_picture(run)
        if rows is not None:
            rows = rows[(rows["part"] == part) & (rows["threshold"] == TABLE_THRESHOLD)]
            frames.append(rows[["image", "iou", "dice"]].assign(seed=run["params.seed"]))
    return pd.concat(frames[1:]) if len(frames) > 1 else frames[0]


def open_picture(
    name: str, runs: pd.DataFrame, sides: list[Choice], seeds: tuple[list[str], ...], part: str
) -> None:
    """Goes to the page that shows a picture, with the first run compared of each side."""
    labels = []
    for side, used in zip(sides, seeds, strict=True):
        single = single_runs([side], runs)
        labels += [run.label for run in single if seed_of(runs, run) == used[0]]
    address = links.page(
        "pictures",
        experiment=st.session_state["experiment"],
        runs=list(dict.fromkeys(labels)),
        part=part,
        picture=name,
    )
    shell.visit(address)


def seed_of(runs: pd.DataFrame, run: Choice) -> str:
    """The seed of a single run."""
    return str(run_of(runs, run.runs[0])["params.seed"])


show()
