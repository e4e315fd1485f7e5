"""Per picture: where run B is better than run A, by how much, and whether that may be noise."""

import pandas as pd
import streamlit as st

from dashboards import compare, shell, store
from dashboards.choices import Choice, named, single_runs
from seglab.data.config import PARTS
from seglab.errors import RUN, counted
from seglab.results.live import Standing
from seglab.results.observations import TABLE_THRESHOLD


def show() -> None:
    """The page."""
    st.title("Per picture")
    standing = shell.experiment()
    scored = scored_choices(standing)
    if len(scored) < 2:
        shell.say(
            f"There is {counted(len(scored), 'scored run')} in this experiment; two are compared. "
            f"Train with `{RUN} -e train`, score with `{RUN} -e evaluate -P run=<id>`."
        )
    labels = [choice.label for choice in scored]
    left, right, *rest = st.columns([4, 4, 1, 1])
    places = best_two(standing)
    a = left.selectbox("A", labels, index=places[0], key="a", bind="query-params")
    b = right.selectbox("B", labels, index=places[1], key="b", bind="query-params")
    part = rest[0].selectbox("Part", PARTS[::-1], key="part", bind="query-params")
    score = rest[1].selectbox("Score", list(compare.SCORES), key="score", bind="query-params")
    first, second = named(scored, [a, b])
    runs = standing.snapshot.runs
    table_a, table_b = (rows_per_picture(choice, runs, part) for choice in (first, second))
    if table_a.empty or table_b.empty:
        shell.say(
            f"The part {part} was not scored in both, or per-picture scores are gone from MLflow: "
            f"`{RUN} -e evaluate -P run=<id>` makes them again."
        )
    found = compare.compare(table_a, table_b, score)
    st.markdown(compare.in_words(found.difference, score))
    if found.pictures.empty:
        return
    scatter, sorted_scores = st.columns(2)
    with scatter:
        figure = compare.scatter(found.pictures, score, first.title, second.title, second.colour)
        picked = st.plotly_chart(
            figure, key="scatter", theme=None, on_select="rerun", selection_mode="points"
        )
        st.caption("A click on a picture opens it.")
    with sorted_scores:
        names = {f"A: {first.title}": "a", f"B: {second.title}": "b"}
        series = {name: found.pictures[column] for name, column in names.items()}
        colours = dict(zip(names, (first.colour, second.colour), strict=True))
        figure = compare.sorted_coefficients(series, colours, score)
        st.plotly_chart(figure, key="sorted", theme=None)
    figure = compare.differences(found.pictures, score, second.colour)
    st.plotly_chart(figure, key="differences", theme=None)
    if picked.selection.points:
        open_picture(picked.selection.points[0]["customdata"], first, second, part)


def scored_choices(standing: Standing) -> list[Choice]:
    """Configurations with scored pictures, then each of their runs where they have several."""
    if standing.table is None:
        return []
    scored = {run for ids in standing.table.rows["run_id"] for run in ids.split(",")}
    rows = [c for c in store.choices(standing) if set(c.runs) & scored]
    runs = single_runs([row for row in rows if len(row.runs) > 1], standing.snapshot.runs)
    return rows + [run for run in runs if run.runs[0] in scored]


def best_two(standing: Standing) -> list[int]:
    """Places of the two rows with the best test IoU; the first two where there are no such."""
    assert standing.table is not None
    best = standing.table.rows["test_iou"].nlargest(2).index
    return sorted(int(place) for place in best) if len(best) == 2 else [0, 1]


def rows_per_picture(choice: Choice, runs: pd.DataFrame, part: str) -> pd.DataFrame:
    """seed, image, iou and dice of a part at the tables' threshold, of every run of a choice."""
    frames = [pd.DataFrame(columns=["seed", "image", "iou", "dice"])]
    for _, run in runs[runs["run_id"].isin(choice.runs)].iterrows():
        rows = store.per_picture(run)
        if rows is not None:
            rows = rows[(rows["part"] == part) & (rows["threshold"] == TABLE_THRESHOLD)]
            frames.append(rows[["image", "iou", "dice"]].assign(seed=run["params.seed"]))
    return pd.concat(frames[1:]) if len(frames) > 1 else frames[0]


def open_picture(name: str, first: Choice, second: Choice, part: str) -> None:
    """Goes to the page that shows a picture, with the first run of each side."""
    standing = store.standing(st.session_state["experiment"])
    runs = single_runs([first._replace(runs=first.runs[:1])], standing.snapshot.runs)
    runs += single_runs([second._replace(runs=second.runs[:1])], standing.snapshot.runs)
    st.switch_page(
        "views/pictures.py",
        query_params={
            "experiment": st.session_state["experiment"],
            "runs": list(dict.fromkeys(run.label for run in runs)),
            "part": part,
            "picture": name,
        },
    )


show()
