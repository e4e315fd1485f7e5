"""The tune job: a study whose every trial is a training run of its own."""

import math
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from sqlalchemy import make_url

from seglab.data.files import atomic_write
from seglab.data.shared import anywhere, here
from seglab.errors import StudyError, counted
from seglab.figures.style import save_figure
from seglab.jobs.describe import log_pictures
from seglab.jobs.train import MODEL, Plan, plan_training, run_folder, train_into
from seglab.launching.crew import Crew, Watch
from seglab.launching.launch import launch
from seglab.tracking.children import children, kill_run
from seglab.tracking.database import public, refuse_public_password
from seglab.tracking.reader import RunInfo
from seglab.tracking.registry import crown
from seglab.tracking.run import Run, open_run, start_run
from seglab.tracking.store import absolute, prepare_store, ui_hint
from seglab.training.checkpoint import LAST, load
from seglab.training.tasks import task_of
from seglab.tuning.attempt import Attempt, Pruned
from seglab.tuning.config import DATABASE, PRUNED, STUDY, TRIAL, TuneConfig
from seglab.tuning.figures import (
    curves_figure,
    history_figure,
    importances_figure,
    map_figure,
    mapped,
    slices_figure,
)
from seglab.tuning.findings import read_findings
from seglab.tuning.ledger import DIED
from seglab.tuning.page import write_page
from seglab.tuning.progress import Bar
from seglab.tuning.remote import Kept
from seglab.tuning.results import best_trial, command, curves, importances, trials_table
from seglab.tuning.space import Choices
from seglab.tuning.study import RUN, Opened, awaited, hold
from seglab.tuning.tracker import await_server
from seglab.tuning.worker import Member, Place, is_done, is_over, open_study, work

KEPT_ASIDE = "leave it out of the address, postgresql+psycopg://user@host/database: it is found in "
KEPT_ASIDE += "~/.pgpass, as host:port:database:user:password (chmod 600)"
"""Where the password of a study's database is out of sight."""


def tune(config: TuneConfig) -> None:
    """Launches or joins the study, carries its trials out, and logs what it found."""
    refuse_public_password(config.storage, "--storage", KEPT_ASIDE)
    url = absolute(config.storage or storage_beside_mlflow(config))
    check = partial(plans, config)
    with kept(config, url) as place, open_study(config, place, check) as opened:
        carry_out(opened, place, public(url))


@contextmanager
def kept(config: TuneConfig, url: str) -> Iterator[Place]:
    """Where the study's workers find its database: at ``url``, or with the one that keeps it."""
    if config.engine != "ray":
        yield url
        return
    from seglab.launching.cluster import kept_on_ray

    with kept_on_ray(config.ray_address, partial(Kept, url, config.heartbeat)) as call:
        yield call


def carry_out(opened: Opened, place: Place, database: str) -> None:
    """Works on a study, below its run in MLflow, and logs what it found there."""
    config = opened.config
    planned = plans(config)
    for plan in planned if config.trials else ():
        hold(opened.study, plan.made_from())
    with start_run(
        f"study {config.name}",
        params=asdict(config) | {"storage": public(config.storage)},
        tags={STUDY: config.name, DATABASE: database},
        resume=parent_of(opened),
        shared=True,
    ) as run:
        opened.study.set_user_attr(RUN, run.id)
        log_pictures(run, planned[0].pictures, "train")
        print(f"study {config.name} in {database}, run {run.id}")
        with Bar(opened) as bar:
            run_trials(opened, place, run.id, bar)
        run.done = is_done(opened)
        await_server()
        end_lost_runs(opened, run.id)
        log_results(opened, run)
        print(f"\nsee all trials:\n  {ui_hint(run.experiment_id)}")


def plans(config: TuneConfig) -> list[Plan]:
    """Plans of trainings with all inputs that trials may have; what any lacks is told here."""
    varied = config.varied.get("inputs")
    every = varied.values if isinstance(varied, Choices) else (config.inputs,)
    return [plan_training(config.training({"inputs": inputs})) for inputs in every]


def run_trials(opened: Opened, place: Place, parent: str, bar: Bar) -> None:
    """Carries the study's trials out, in this process or by workers that are launched."""
    config = opened.config
    if not config.trials:
        return
    until = time.time() + config.timeout if config.timeout else math.inf
    if config.engine == "local" and config.workers == 1:
        work(opened, parent, train_trial, bar.show, until)
        return
    # Workers are told the place alone, which need not have the password that the flag may have.
    elsewhere = replace(config, data_dir=anywhere(config.data_dir), storage="")
    crew = Crew(
        config.workers,
        opened.folder.absolute(),
        # Each death costs a trial one of its retries; a worker has enough for those of all.
        retries=config.workers * config.retries,
        gpus=config.gpus_per_trial,
    )
    member = Member(elsewhere, place, parent, train_trial, until)
    watch = Watch(glance=bar.show, enough=lambda: is_over(opened, until))
    launch(config, member, range(config.workers), crew, watch)


def report_study(info: RunInfo) -> None:
    """Logs anew, to the run of a study, what the study has found so far; touches no trial.

    Raises ``StudyError`` if its database cannot be read from here.
    """
    url = info.tags[DATABASE]
    found = read_findings(url, info.tags[STUDY])
    with open_study(found.config, url) as opened, open_run(info.id) as run:
        log_results(opened, run)
    running = counted(found.running, "trial")
    print(f"\n{running} running; table and figures are in the study's run {info.id}")


def storage_beside_mlflow(config: TuneConfig) -> str:
    """optuna.db beside MLflow's database, or in data_dir where that is not a file of its own."""
    uri = prepare_store()
    beside = Path(make_url(uri).database or "").parent if uri.startswith("sqlite") else None
    return f"sqlite:///{beside or here(config.data_dir)}/optuna.db"


def parent_of(opened: Opened) -> str:
    """Id of the study's run in MLflow; empty if it is for this process to make it."""
    return str((awaited(opened.study, RUN) if opened.joined else "") or "")


def train_trial(attempt: Attempt, parent: str) -> float:
    """Carries out a trial as a training run below ``parent``, and returns the objective.

    A trial that was stopped before goes on in its run, from its last checkpoint if it has one.
    Raises ``StudyError`` where data, maps or targets are no longer those of the study's others.
    """
    config = attempt.config
    stored = run_folder(config.data_dir, attempt.earlier_run or "none") / LAST
    if stored.exists():
        config = replace(config, resume=attempt.earlier_run)
    plan = plan_training(config)
    attempt.holds_to(plan.made_from())
    name = f"{attempt.study.name} trial {attempt.number}"
    await_server()
    with start_run(
        name,
        params=asdict(plan.config),
        tags=plan.tags() | attempt.tags(),
        resume=attempt.earlier_run,
        parent=parent,
    ) as run:
        attempt.begins(run.id)
        if attempt.earlier_run:
            run.rename(name)  # Optuna has given the trial that goes on a number of its own
        if config.resume:
            for epoch, metrics in enumerate(load(stored)["progress"]["history"], start=1):
                attempt.report(epoch, metrics)
        try:
            history = train_into(run, plan, Watched(run, attempt))
        except Pruned:
            run.tags({PRUNED: "true"})
            if not attempt.study.keep_checkpoints:
                shutil.rmtree(run_folder(config.data_dir, run.id), ignore_errors=True)
        else:
            from seglab.jobs.recall import recall_of  # a second, which few objectives need

            compactness = attempt.study.compactness
            epoch, value = attempt.result(history, lambda: recall_of(plan, run.id, compactness))
            run.metrics({"objective": value}, epoch)
            return value
    raise Pruned


class Watched:
    """Takes each epoch for the run and for the pruner, which may stop the training."""

    def __init__(self, run: Run, attempt: Attempt) -> None:
        self.run = run
        self.attempt = attempt

    def metrics(self, values: Mapping[str, float], step: int) -> None:
        """Raises ``Pruned`` if the trial lags behind."""
        self.run.metrics(values, step)
        self.attempt.report(step, values)
        if step < self.attempt.config.epochs:
            self.attempt.stop_if_behind()

    def image(self, key: str, pixels: UInt8[np.ndarray, "h w 3"], step: int) -> None:
        """Goes to the run."""
        self.run.image(key, pixels, step)


def end_lost_runs(opened: Opened, parent: str) -> None:
    """Ends MLflow runs of trials that have ended, whose process died before it could."""
    found = children(parent)  # first, for another command may begin a trial meanwhile
    states = {str(trial.number): trial.state for trial in opened.study.get_trials(deepcopy=False)}
    for child in found:
        state = states.get(child.tags.get(TRIAL, ""))
        if child.status == "RUNNING" and (state is None or state.is_finished()):
            kill_run(child.id, DIED)


def log_results(opened: Opened, run: Run) -> None:
    """Prints the best trial and the command that trains it; logs table, figures and champion.

    Raises ``StudyError`` if trials ended and none completed.
    """
    config, study = opened.config, opened.study
    trials = trials_table(study)
    csv = opened.folder / "trials.csv"
    atomic_write(csv, lambda file: trials.to_csv(file, index=False))
    run.artifact(csv)
    best = best_trial(study)
    if best is None or best.value is None:
        ended = trials[trials.state.isin(["complete", "fail", "pruned"])]
        if len(ended):
            # Pruned trials have no reason.
            reasons = "; ".join(filter(None, ended.reason.unique())) or "all that ended were pruned"
            raise StudyError(f"no trial of the study {config.name} completed: {reasons}")
        return
    log_figures(opened, run, best.number)
    how = command(config, best.params)
    champion = crown(f"seglab.{config.name}", best.user_attrs[RUN], MODEL)
    run.tags(
        {
            "seglab.best_run": best.user_attrs[RUN],
            "seglab.best_trial": best.number,
            "seglab.best_command": how,
            **{f"seglab.best.{name}": value for name, value in best.params.items()},
        }
    )
    # For MLflow the highest step is the latest, and the best trial's number may fall.
    step = sum(trial.state.is_finished() for trial in study.get_trials(deepcopy=False))
    run.metrics({f"best/{config.score}": best.value}, step)
    states = ", ".join(f"{n} {state}" for state, n in trials.state.value_counts().items())
    print(
        f"\n{counted(len(trials), 'trial')} ({states})\n"
        f"best val {config.score} {best.value:.4f}: trial {best.number}, run "
        f"{best.user_attrs[RUN]}, {champion}\n"
        + "".join(f"  {name} = {value}\n" for name, value in best.params.items())
        + f"train it with\n  {how}"
    )


def log_figures(opened: Opened, run: Run, best: int) -> None:
    """Draws the study and logs the figures."""
    config, trials = opened.config, trials_table(opened.study)
    score = score_label(config)
    figures = {"history": history_figure(trials, config.better, score)}
    if config.per_epoch:
        figures["curves"] = curves_figure(curves(opened.study), trials, best, score)
    if mattered := importances(opened.study):
        figures["importances"] = importances_figure(mattered)
    if pair := mapped(trials, config.varied):
        figures["map"] = map_figure(trials, config.varied, config.better, score)
    figures["slices"] = slices_figure(trials, config.varied, config.better, score)
    for name, figure in figures.items():
        save_figure(figure, opened.folder / f"{name}.png")
        run.artifact(opened.folder / f"{name}.png", "figures")
    write_page(opened.study, opened.folder / "study.html", pair, bool(mattered), score)
    run.artifact(opened.folder / "study.html", "figures")


def score_label(config: TuneConfig) -> str:
    """What figures call the objective."""
    if not config.per_epoch:
        return f"validation boundary recall at compactness {config.compactness:g}"
    return f"validation {task_of(config.training({})).labels[config.score]}"
