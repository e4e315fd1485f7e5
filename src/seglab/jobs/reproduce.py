"""The reproduce job: rows of the published tables → trained, scored, tabled and judged."""

import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

import pandas as pd

from seglab.data.files import atomic_write, digest_of
from seglab.errors import SeglabError
from seglab.evaluation.config import EvaluateConfig
from seglab.jobs.config import ReproduceConfig
from seglab.jobs.evaluate import evaluate_into
from seglab.jobs.report import log_report
from seglab.jobs.rows import Judging, Row, Training, cost_of, rows_of
from seglab.jobs.showcase import find_unseen, log_showcase, log_unseen
from seglab.jobs.superpixels import (
    load_painter,
    log_judged,
    open_judged,
    superpixels_into,
    tags_of,
    title_of,
)
from seglab.jobs.train import plan_training, train_into
from seglab.results.reproduction import FOLDER, ROWS
from seglab.tracking.reader import current_experiment, read_runs
from seglab.tracking.run import Run, open_run, start_run

REPRODUCTION = "seglab.reproduction"
"""Tag of a reproduce run: digest of its parameters and of the recipes of all its rows."""
SCORED = ("metrics.evaluation/test/iou", "metrics.superpixels/")
"""How metrics begin of which a finished row has one."""


@dataclass(frozen=True)
class State:
    """How far a row has come in runs that MLflow knows of."""

    step: Literal["scored", "trained", "begun", "new"]
    run: str = ""


@dataclass
class Done:
    """What became of a row."""

    row: Row
    how: str
    """reused, scored, resumed, run, or failed."""
    run: str = ""
    error: str = ""


def reproduce(config: ReproduceConfig) -> None:
    """Runs the rows, each in a run below this one, and reports on them.

    Rows that are finished under the same recipe (parameters, data, maps, code, seed) are reused;
    an interrupted reproduction goes on in the same run, and its interrupted row where it was. A
    row that fails is told at the end, which raises ``SeglabError``; the others go on.
    """
    with tempfile.TemporaryDirectory() as scratch:
        unseen = find_unseen(config.unseen, Path(scratch)) if config.unseen else {}
        reproduce_rows(config, rows_of(config), unseen)


def reproduce_rows(
    config: ReproduceConfig, rows: Sequence[Row], unseen: Mapping[str, Path]
) -> None:
    """Runs ``rows`` and reports on them; ``unseen`` are pictures of other categories by name."""
    known = read_known()
    identity = digest_of(repr(replace(config, data_dir="")), *(row.recipe() for row in rows))
    with start_run(
        f"reproduce {config.table} ({config.scale} scale)",
        params=asdict(config),
        tags={REPRODUCTION: identity, "seglab.scale": config.scale},
        resume=unfinished(known, identity),
    ) as parent:
        done = run_rows(rows, known, parent)
        log_rows(parent, done)
        failed = [each for each in done if each.how == "failed"]
        if len(failed) < len(done):
            well = {each.run: each.row for each in done if each.how != "failed"}
            log_showcase(parent, list(well.values()))
            if unseen:
                trained = {i: row for i, row in well.items() if isinstance(row, Training)}
                log_unseen(parent, trained, unseen)
            log_report(parent, parent.id)
        print(f"\nreproduce run {parent.id}; its tables again: "
              f"mlflow run . -e report -P run={parent.id}")  # fmt: skip
        if failed:
            lines = [f"{each.row.title}: {each.error}" for each in failed]
            raise SeglabError(f"{len(failed)} of {len(done)} rows failed: {'; '.join(lines)}")


def read_known() -> pd.DataFrame:
    """Runs of the current experiment; none if there is no such experiment yet."""
    return read_runs(current_experiment())


def unfinished(known: pd.DataFrame, identity: str) -> str:
    """The run of the same reproduction that did not reach its end; empty if there is none."""
    if f"tags.{REPRODUCTION}" not in known:
        return ""
    same = known[known[f"tags.{REPRODUCTION}"] == identity]
    open_runs = same[same["status"] != "FINISHED"]
    return str(open_runs["run_id"].iloc[0]) if len(open_runs) else ""


def state_of(row: Row, known: pd.DataFrame) -> State:
    """The furthest that any run with the row's recipe has come."""
    if "tags.seglab.recipe" not in known:
        return State("new")
    runs = known[known["tags.seglab.recipe"] == row.recipe()]
    finished = runs[runs["status"] == "FINISHED"]
    scores = [name for name in finished if str(name).startswith(SCORED)]
    scored = finished[finished[scores].notna().any(axis=1)]
    for step, found in (("scored", scored), ("trained", finished)):
        if len(found):
            return State(step, str(found["run_id"].iloc[0]))  # type: ignore[arg-type]
    for run in runs["run_id"]:
        if row.begun(str(run)):
            return State("begun", str(run))
    return State("new")


def run_rows(rows: Sequence[Row], known: pd.DataFrame, parent: Run) -> list[Done]:
    """Runs what is not there yet; tells progress and the time left over all rows."""
    states = [state_of(row, known) for row in rows]
    costs = cost_of(rows)
    to_do = [state.step in ("new", "begun") for state in states]
    reused = len(rows) - sum(to_do)
    print(
        f"{len(rows)} rows, {reused} of them there already; "
        f"{costs[to_do].sum() / 1e3:,.0f} TFLOP to compute"
    )
    done: list[Done] = []
    spent = computed = 0.0
    for number, (row, state) in enumerate(zip(rows, states, strict=True)):
        left = costs[number:][to_do[number:]].sum() * (spent / computed) if computed else None
        told = f", {in_words(left)} left for all rows" if left is not None else ""
        print(f"\nrow {number + 1}/{len(rows)}  {row.title}  ({state.step}{told})")
        started = time.monotonic()
        done.append(run_row(row, state, parent))
        if to_do[number] and costs[number]:
            spent += time.monotonic() - started
            computed += costs[number]
    return done


def run_row(row: Row, state: State, parent: Run) -> Done:
    """Brings one row to its scores; what it raises is kept as text, unless it was interrupted."""
    if state.step == "scored":
        return Done(row, "reused", state.run)
    try:
        if isinstance(row, Judging):
            return judge_row(row, parent)
        return train_row(row, state, parent)
    except Exception as fault:  # one row's fault must not cost the others
        text = str(fault) if isinstance(fault, SeglabError) else f"{type(fault).__name__}: {fault}"
        print(f"row failed: {text}")
        return Done(row, "failed", error=text)


def train_row(row: Training, state: State, parent: Run) -> Done:
    """Trains a row, or goes on with it, and scores it."""
    if state.step == "trained":
        with open_run(state.run) as run:
            score_into(run, row)
        return Done(row, "scored", state.run)
    plan = row.plan
    if state.run:
        plan = plan_training(replace(plan.config, resume=state.run))
    with start_run(
        plan.tags()["seglab.experiment_title"],
        params=asdict(plan.config),
        tags=plan.tags(),
        resume=state.run,
        parent=parent.id,
    ) as run:
        train_into(run, plan)
        score_into(run, row)
    return Done(row, "resumed" if state.run else "run", run.id)


def judge_row(row: Judging, parent: Run) -> Done:
    """Judges superpixels of photos, as the superpixels job does."""
    tags = tags_of(row.config, row.judged)
    with (
        tempfile.TemporaryDirectory() as scratch,
        start_run(title_of(row.config), asdict(row.config), tags, parent=parent.id) as run,
    ):
        log_judged(run, row.config, row.judged)
        superpixels_into(run, row.config, row.judged, None, Path(scratch))
    return Done(row, "run", run.id)


def score_into(run: Run, row: Training) -> None:
    """Scores the trained row: masks on whole pictures, or superpixels of what it paints."""
    if row.judging is None:
        evaluate_into(run, EvaluateConfig(run=run.id))
        return
    judging = replace(row.judging, run=run.id)
    with tempfile.TemporaryDirectory() as scratch:
        trained = load_painter(run.id, Path(scratch))
        judged = open_judged(judging)
        superpixels_into(run, judging, judged, trained, Path(scratch))


def log_rows(parent: Run, done: Sequence[Done]) -> None:
    """Logs which run each row has, for the report, and how many were run, reused or failed."""
    frame = pd.DataFrame(
        {
            "experiment": [each.row.experiment.key for each in done],
            "dataset": [each.row.dataset for each in done],
            "seed": [each.row.seed for each in done],
            "run_id": [each.run for each in done],
            "error": [each.error for each in done],
        }
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ROWS
        atomic_write(path, lambda file: file.write(frame.to_csv(index=False).encode()))
        parent.artifact(path, FOLDER)
    hows = [each.how for each in done]
    parent.tags({"seglab.rows": ", ".join(f"{hows.count(h)} {h}" for h in dict.fromkeys(hows))})


def in_words(seconds: float) -> str:
    """``40 s``, ``12 min``, ``3.5 h``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
