"""Pictures: the same picture across runs, under one threshold."""

from functools import partial

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboards import address, shell, store
from dashboards.choices import Choice, labels, named, run_of, single_runs
from dashboards.overlay import STEPS, ordered
from dashboards.photos import map_of, pictures_of, said
from dashboards.viewer import Scored, viewer, viewer_data
from seglab.data.config import PARTS
from seglab.data.decode import read_image
from seglab.errors import RUN, TrackingError
from seglab.results.apart import DATA_DIGEST
from seglab.results.observations import TABLE_THRESHOLD

MOST = 6  # runs side by side
ORDERS = ("score", "disagreement", "name")


def show() -> None:
    """The page."""
    standing = shell.experiment("Pictures")
    runs = standing.snapshot.runs
    evaluated = runs.filter(regex="^metrics.evaluation/").notna().any(axis=1)
    ids = set(runs.loc[evaluated, "run_id"])
    scored = [
        choice for choice in single_runs(store.choices(standing), runs) if choice.runs[0] in ids
    ]
    if not scored:
        shell.say(
            "No run of this experiment has scored pictures: train with "
            f"`{RUN} -e train`, then score with `{RUN} -e evaluate -P run=<id>`."
        )
    label = labels(scored)
    chosen = address.several(
        st.multiselect, "Runs", [*label], "runs",
        default=defaults(scored, runs), keep=True, format_func=label.__getitem__,
        max_selections=MOST,
    )  # fmt: skip
    *browser, middle, right = st.columns([3, 12, 3, 3, 4], vertical_alignment="bottom")
    part = address.one(middle.selectbox, "Part", PARTS[::-1], "part", drop=["picture"])
    by = address.one(
        right.selectbox, "Order by", ORDERS, "order",
        help="score: worst of the first run first; disagreement: where runs differ most first",
    )  # fmt: skip
    choices = named(scored, chosen)
    if not choices:
        shell.say("Choose a run.")
    others = [c for c in choices if data_of(c, runs) != data_of(choices[0], runs)]
    if others:
        alike = others[0].dataset == choices[0].dataset
        shell.say(
            f"{others[0].label} was scored on other pictures than {choices[0].label}: choose runs "
            f"of one {'version of the ' * alike}data set."
        )
    scores = score_table(choices, runs, part)
    names = ordered(scores, by)
    if not names:
        shell.say(
            f"These runs have no picture of the part {part} in common, or their per-picture scores "
            f"are gone from MLflow: `{RUN} -e evaluate -P run=<id>` makes them again."
        )
    compare(choices, runs, part, browse(names, browser))


def defaults(scored: list[Choice], runs: pd.DataFrame) -> list[str]:
    """The first run of each of the first three configurations on the first one's pictures."""
    alike = [c for c in scored if data_of(c, runs) == data_of(scored[0], runs)]
    by_title = {choice.title: choice.name for choice in reversed(alike)}
    return list(by_title.values())[::-1][:3]


def data_of(choice: Choice, runs: pd.DataFrame) -> tuple[str, str]:
    """Title and digest of the data set that a run was scored on, which may change under a title."""
    return choice.dataset, said(run_of(runs, choice.runs[0]), DATA_DIGEST)


def score_table(choices: list[Choice], runs: pd.DataFrame, part: str) -> pd.DataFrame:
    """IoU at the tables' threshold: a row a picture that all have, a column a run."""
    columns = {}
    for choice in choices:
        rows = store.per_picture(run_of(runs, choice.runs[0]))
        if rows is None:
            st.warning(f"{choice.label}: its per-picture scores are gone from MLflow.")
            continue
        rows = rows[(rows["part"] == part) & (rows["threshold"] == TABLE_THRESHOLD)]
        columns[choice.label] = rows.set_index("image")["iou"]
    return pd.DataFrame(columns).dropna()


def browse(names: list[str], columns: list[DeltaGenerator]) -> str:
    """The picture, chosen by name, or the next one by button or arrow key, in three columns."""
    back, choice, forth = columns
    found = [name for name in address.asked("picture") if name in names] or names
    label = f"Picture {names.index(found[0]) + 1} of {len(names)}"
    shown = address.one(choice.selectbox, label, names, "picture", keep=True)

    def step(by: int) -> None:
        # Whoever turns pages fast is ahead of the page.
        place = names.index(st.session_state["picture"]) + by
        st.session_state["picture"] = names[place % len(names)]
        address.put(picture=[st.session_state["picture"]])

    back.button("Previous", on_click=partial(step, -1), shortcut="Left", width="stretch")
    forth.button("Next", on_click=partial(step, 1), shortcut="Right", width="stretch")
    return shown


@st.fragment
def compare(choices: list[Choice], runs: pd.DataFrame, part: str, name: str) -> None:
    """The picture, what runs made of it, and the threshold."""
    # What is raised in a fragment does not reach the app's own `told`.
    with shell.told():
        pictures = pictures_of(run_of(runs, choices[0].runs[0]), store.data_dir())
        maps, scored = {}, []
        for choice in choices:
            run = run_of(runs, choice.runs[0])
            rule, values = map_of(run, pictures, name)
            if values is not None:
                maps[f"saliency map: {rule} (γ = ½)"] = values
            elif rule:
                st.caption(f"{choice.label}: the saliency maps it saw are not on this machine.")
            try:
                path = store.artifact(run, f"evaluation/probabilities/{part}/{name}.png")
            except TrackingError as fault:
                st.warning(f"{choice.label} has no probabilities any more: {fault}")
                continue
            scored.append(
                Scored(choice.runs[0], short(choice), choice.colour, read_image(path)[..., 0])
            )
        data = viewer_data(
            np.asarray(pictures.image(name)),
            np.asarray(pictures.mask(name)),
            maps,
            scored,
            threshold(),
        )
        viewer(data, key="viewer", moved=lambda value: address.put(threshold=[f"{value:.2f}"]))


def short(choice: Choice) -> str:
    """A run's label without the data set, which all share."""
    return choice.label.replace(f" · {choice.dataset} ", " ")


def threshold() -> float:
    """The threshold in the address, if it names one that can be chosen; else the tables'."""
    try:
        wanted = float((address.asked("threshold") or [str(TABLE_THRESHOLD)])[-1])
    except ValueError:
        wanted = TABLE_THRESHOLD
    return float(STEPS[np.abs(STEPS - wanted).argmin()])


show()
