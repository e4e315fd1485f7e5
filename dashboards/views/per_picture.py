"""Per picture: where run B is better than run A, by how much, and whether that may be noise."""

from functools import partial

import pandas as pd
import streamlit as st
from plotly.graph_objects import Figure

from dashboards import address, compare, links, shell, store
from dashboards.choices import Choice, labels, named, run_of, single_runs, with_asked
from dashboards.pairs import apart, best_two
from seglab.data.config import PARTS
from seglab.errors import RUN, counted
from seglab.results.live import Standing
from seglab.results.observations import TABLE_THRESHOLD

PAIRS = 3  # of runs that a picture is opened in: as many as its page has room for


def show() -> None:
    """The page."""
    standing = shell.experiment("Per picture")
    rows, single = scored_choices(standing)
    scored = rows + single
    best = best_two(standing.table, rows, single) if standing.table else []
    if len(best) < 2:
        shell.say(
            f"{counted(len(best), 'scored run')} in this experiment, and two are compared: "
            f"train with `{RUN} -e train`, score with `{RUN} -e evaluate -P run=<id>`."
        )
    asked = [*address.asked("a"), *address.asked("b")]
    scored = with_asked(scored, asked)
    label = labels(scored)
    left, right, *rest = st.columns([4, 4, 1, 1])
    side = partial(address.one, keep=True, format_func=label.__getitem__)
    a = side(left.selectbox, "A", [*label], "a", default=best[0].name)
    b = side(right.selectbox, "B", [*label], "b", default=best[1].name)
    part = address.one(rest[0].selectbox, "Part", PARTS[::-1], "part")
    score = address.one(
        rest[1].selectbox, "Score", list(compare.SCORES), "score",
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
    more = f" (the first {PAIRS} of each)" * (len(found.seeds[0]) > PAIRS)
    st.caption(
        f"{apart(first, second)} {compare.which_runs(found, table_a, table_b)} "
        f"A click on a picture opens it in these runs{more}."
    )
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
    """Goes to the page that shows a picture, in the runs compared: A's beside B's, pair by pair."""
    of_seed = [{seed_of(runs, run): run for run in side.runs} for side in sides]
    pairs = list(zip(*seeds, strict=True))[:PAIRS]
    opened = [side[seed] for pair in pairs for side, seed in zip(of_seed, pair, strict=True)]
    there = links.page(
        "pictures",
        experiment=st.session_state["experiment"],
        runs=list(dict.fromkeys(opened)),
        part=part,
        picture=name,
    )
    address.visit(there)


def seed_of(runs: pd.DataFrame, run_id: str) -> str:
    """The seed of a run."""
    return str(run_of(runs, run_id)["params.seed"])


show()
