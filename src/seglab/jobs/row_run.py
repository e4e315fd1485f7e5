"""One row of a reproduction: how far it has come, and how it is brought to its scores."""

import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

import pandas as pd

from seglab.errors import SeglabError
from seglab.evaluation.config import EvaluateConfig
from seglab.jobs.evaluate import evaluate_into
from seglab.jobs.rows import Judging, Row, Training
from seglab.jobs.superpixels import (
    JUDGED_RECIPE,
    load_painter,
    log_judged,
    open_judged,
    superpixels_into,
    tags_of,
    title_of,
)
from seglab.jobs.train import plan_training, train_into
from seglab.tracking.reader import current_experiment, read_runs
from seglab.tracking.run import Run, open_run, start_run
from seglab.tuning.config import PRUNED


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


def read_known() -> pd.DataFrame:
    """Runs of the current experiment; none if there is no such experiment yet."""
    return read_runs(current_experiment())


def state_of(row: Row, known: pd.DataFrame) -> State:
    """The furthest that any run with the row's recipe has come.

    A trial that its study stopped early is no training of the row.
    """
    if "tags.seglab.recipe" not in known:
        return State("new")
    runs = known[known["tags.seglab.recipe"] == row.recipe()]
    runs = runs[runs.get(f"tags.{PRUNED}", pd.Series("", runs.index)) != "true"]
    finished = runs[runs["status"] == "FINISHED"]
    for step, found in (("scored", scored(row, finished)), ("trained", finished)):
        if len(found):
            return State(step, str(found["run_id"].iloc[0]))  # type: ignore[arg-type]
    for run in runs["run_id"]:
        if row.begun(str(run)):
            return State("begun", str(run))
    return State("new")


def scored(row: Row, runs: pd.DataFrame) -> pd.DataFrame:
    """Those of ``runs`` that have every score of the row.

    A painter that was judged otherwise, or on other pictures, is not scored; nor is a network whose
    masks were scored on some parts of its data set alone.
    """
    if isinstance(row, Training) and row.judging is None:
        scores = [f"metrics.evaluation/{part}/iou" for part in row.parts]
        return runs[runs.reindex(columns=scores).notna().all(axis=1)]
    scores = [name for name in map(str, runs) if name.startswith("metrics.superpixels/")]
    found = runs[runs[scores].notna().any(axis=1)]
    if isinstance(row, Training):
        judged = found.get(f"tags.{JUDGED_RECIPE}", pd.Series("", found.index))
        found = found[judged == row.judged_recipe]
    return found


def run_row(row: Row, state: State, parent: str) -> Done:
    """Brings one row to its scores, in a run below ``parent``.

    What it raises is kept as text, unless it was interrupted.
    """
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


def train_row(row: Training, state: State, parent: str) -> Done:
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
        parent=parent,
    ) as run:
        train_into(run, plan)
        score_into(run, row)
    return Done(row, "resumed" if state.run else "run", run.id)


def judge_row(row: Judging, parent: str) -> Done:
    """Judges superpixels of photos, as the superpixels job does."""
    tags = tags_of(row.config, row.judged)
    with (
        tempfile.TemporaryDirectory() as scratch,
        start_run(title_of(row.config), asdict(row.config), tags, parent=parent) as run,
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
