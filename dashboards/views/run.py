"""Run: all that is known of one run, and how to have it again."""

from contextlib import suppress

import pandas as pd
import streamlit as st

from dashboards import links, shell
from dashboards.commands import command
from seglab.errors import TrackingError
from seglab.results.apart import params_of
from seglab.tracking import reader

SECTIONS = {
    "Data": ("dataset_title", "data_digest", "saliency", "targets"),
    "Code": ("git.", "code_digest", "recipe", "version."),
    "Machine": ("host", "cpu", "gpu", "process"),
}


def show() -> None:
    """The page."""
    st.title("Run")
    find_experiment()
    standing = shell.experiment()
    runs = standing.snapshot.runs
    wanted = st.text_input("Run (its id, or how it begins)", key="run", bind="query-params").strip()
    found = runs[runs["run_id"].str.startswith(wanted)] if wanted else runs
    if found.empty:
        elsewhere(wanted)
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
        st.code(again, language="sh")
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


def find_experiment() -> None:
    """Turns to the run's own experiment, where the address names a run and no experiment."""
    wanted = st.query_params.get("run", "")
    if wanted and not {"experiment"} & {*st.query_params, *st.session_state}:
        with suppress(TrackingError):
            st.session_state["experiment"] = reader.run_info(wanted).experiment


def heading(run: "pd.Series[str]") -> None:
    """Status, times, and where else it is to be seen."""
    status = run["status"]
    line = f"**{status}** · started {run['start_time']:%Y-%m-%d %H:%M}"
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
    address = links.mlflow_run(reader.run_info(run["run_id"]).experiment_id, run["run_id"])
    if address:
        st.link_button("Open in MLflow", address, icon=":material/open_in_new:")
    st.code(run["run_id"], language=None)


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
    """Runs to choose from, newest first."""
    lines = runs[["name", "status"]].assign(
        started=runs["start_time"].dt.strftime("%Y-%m-%d %H:%M:%S"),
        run=[
            links.page("run", experiment=st.session_state["experiment"], run=run)
            for run in runs["run_id"]
        ],
    )
    config = {"run": st.column_config.LinkColumn("Run", display_text=r"run=(\w{8})")}
    st.dataframe(lines, hide_index=True, column_config=config)


def elsewhere(wanted: str) -> None:
    """Says where the run is that this experiment does not have."""
    info = reader.run_info(wanted)
    shell.say(
        f"Run {wanted} is in the experiment {info.experiment!r}: choose that in the sidebar, or "
        f"open [this address]({links.page('run', experiment=info.experiment, run=info.id)})."
    )


show()
