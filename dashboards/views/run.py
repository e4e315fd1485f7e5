"""Run: all that is known of one run, and how to have it again."""

from contextlib import suppress
from functools import partial

import pandas as pd
import streamlit as st

from dashboards import address, links, shell
from dashboards.commands import command
from seglab.data.config import PARTS
from seglab.errors import RUN, TrackingError
from seglab.results.apart import params_of
from seglab.results.printed import NOTHING
from seglab.results.table import PAINTING, SCORES
from seglab.tracking import reader

SECTIONS = {
    "Data": ("dataset_title", "data_digest", "saliency", "targets"),
    "Code": ("git.", "code_digest", "recipe", "version."),
    "Machine": ("host", "cpu", "gpu", "process"),
}


def show() -> None:
    """The page."""
    standing = shell.experiment("Run", of=experiment_of(address.asked("run")[-1:]))
    runs = standing.snapshot.runs
    wanted = address.free(
        st.text_input, "Run (its id, or how it begins)", "run", default="", read=str
    ).strip()
    found = runs[runs["run_id"].str.startswith(wanted)] if wanted else runs
    if found.empty:
        found = known_as(wanted, runs)
    if len(found) != 1:
        show_list(found)
        return
    run = found.iloc[0]
    st.header(run["name"])
    heading(run)
    params = params_of(run, [str(name) for name in runs if str(name).startswith("params.")])
    again = command(params)
    if again:
        st.caption(how_exact(run))
        st.code(again, language="sh", wrap_lines=True)
    show_scores(run)
    left, right = st.columns(2)
    with left:
        table("Parameters", pd.Series(params, dtype="string"))
        table("Metrics", of_kind(run, "metrics."))
    with right:
        tags = of_kind(run, "tags.seglab.")
        for title, starts in SECTIONS.items():
            table(title, tags[[str(name).startswith(starts) for name in tags.index]])
            tags = tags[[not str(name).startswith(starts) for name in tags.index]]
        table("Other tags", tags)


def experiment_of(runs: list[str]) -> str:
    """The own experiment of a run, where the address names one and no experiment; else empty."""
    if any(runs) and not address.asked("experiment"):
        with suppress(TrackingError):
            return reader.run_info(runs[0]).experiment
    return ""


def heading(run: "pd.Series[str]") -> None:
    """Status, times, and where else it is to be seen."""
    status = run["status"]
    line = f"**{status}** · started {run['start_time']:%Y-%m-%d %H:%M} UTC"
    if pd.notna(run["end_time"]):
        line += f" · took {took(run)}"
    error = run.get("tags.seglab.error")
    st.markdown(line)
    if isinstance(error, str):
        st.warning(f"It ended with: {error}")
    if status == "RUNNING":
        st.caption(
            "If nothing runs any more, `python -m seglab sync` on its machine ends it properly."
        )
    if links.mlflow_ui():
        with suppress(TrackingError):  # what was read of a run is shown while the store is away
            there = links.mlflow_run(experiment_id(run["run_id"]), run["run_id"])
            st.link_button("Open in MLflow", there, icon=":material/open_in_new:")
    else:
        st.caption(
            "No link to MLflow's UI, as the store is a database: start `make serve`, and the "
            "dashboard with `-P ui=http://127.0.0.1:5000`."
        )
    st.code(run["run_id"], language=None)


@st.cache_data(max_entries=1000, show_spinner=False)
def experiment_id(run_id: str) -> str:
    """The id of a run's experiment."""
    return reader.run_info(run_id).experiment_id


def took(run: "pd.Series[str]") -> str:
    """``1:02:03``."""
    times = pd.Timestamp(run["end_time"]) - pd.Timestamp(run["start_time"])
    seconds = int(times.total_seconds())
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def how_exact(run: "pd.Series[str]") -> str:
    """Which code the run was of: a command repeats numbers to the bit with that code alone."""
    commit = run.get("tags.seglab.git.commit", "unknown")
    dirty = run.get("tags.seglab.git.dirty") == "true"
    changes = (
        ", with uncommitted changes: its artifact provenance/uncommitted.diff" if dirty else ""
    )
    return f"To repeat it (it was run at commit {commit}{changes}):"


def of_kind(run: "pd.Series[str]", start: str) -> "pd.Series[str]":
    """What the run has under ``start``, by the names without it."""
    names = [name for name in map(str, run.index) if name.startswith(start)]
    values = run[names].dropna()
    return values.set_axis([str(name).removeprefix(start) for name in values.index])


def table(title: str, values: "pd.Series[str]") -> None:
    """Names and values, if there are any."""
    if len(values):
        st.subheader(title)
        frame = pd.DataFrame({"name": values.index, "value": values.astype(str).to_numpy()})
        st.dataframe(frame, hide_index=True)


def show_list(runs: pd.DataFrame) -> None:
    """Runs to choose from, newest first, and which of them are scored."""
    page = partial(links.page, "run", experiment=st.session_state["experiment"])
    lines = pd.DataFrame(
        {
            "name": runs["name"],
            "status": runs["status"],
            "started (UTC)": runs["start_time"].dt.strftime("%Y-%m-%d %H:%M:%S"),
            **{f"Test {name}": [test_score(run, score) for _, run in runs.iterrows()]
               for score, name in SCORES.items()},
            "run": [page(run=run) for run in runs["run_id"]],
        }
    )  # fmt: skip
    config = {"run": st.column_config.LinkColumn("Run", display_text=r"run=(\w{8})")}
    st.dataframe(lines, hide_index=True, column_config=config)


def test_score(run: "pd.Series[str]", score: str) -> str:
    """A run's test score; of a training without one, that it is not scored."""
    value = run.get(f"metrics.evaluation/test/{score}")
    if pd.notna(value):
        return f"{value:.3f}"
    trained = isinstance(run.get("tags.seglab.experiment_title"), str)
    return "not scored" if trained and run.get("tags.seglab.task") != PAINTING else NOTHING


def show_scores(run: "pd.Series[str]") -> None:
    """What the run's evaluation found; for a training without one, how to have it."""
    rows = scores_of(run)
    if rows:
        st.subheader("Scores")
        st.dataframe(pd.DataFrame(rows), hide_index=True, width="content")
        st.caption("Mean ± standard deviation over the pictures of a part, at threshold 0.5.")
    elif test_score(run, "iou") != NOTHING:
        st.caption(f"It is not scored: `{RUN} -e evaluate -P run={run['run_id']}` does that.")


def scores_of(run: "pd.Series[str]") -> list[dict[str, str]]:
    """A line for each part that was scored."""
    rows = []
    for part in PARTS:
        means = {
            name: (run.get(key), run.get(f"{key}_std"))
            for score, name in SCORES.items()
            if pd.notna(run.get(key := f"metrics.evaluation/{part}/{score}"))
        }
        cells = {
            name: f"{mean:.3f}" + (f" ± {std:.3f}" if pd.notna(std) else "")
            for name, (mean, std) in means.items()
        }
        rows += [{"Part": part, **cells}] if cells else []
    return rows


def known_as(wanted: str, runs: pd.DataFrame) -> pd.DataFrame:
    """The run that had the id ``wanted`` while it was offline; says where it is, if not here."""
    info = reader.run_info(wanted)
    if info.experiment != st.session_state["experiment"]:
        shell.say(
            f"Run {wanted} is in the experiment {info.experiment!r}: choose that above, or "
            f"open [this address]({links.page('run', experiment=info.experiment, run=info.id)})."
        )
    found = runs[runs["run_id"] == info.id]
    if found.empty:
        shell.say(f"Run {wanted} has just come in. This page shows it by itself in a moment.")
    return found


show()
