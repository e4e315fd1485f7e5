"""The report job: runs in MLflow → tables, verdicts and figures in every format."""

import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path

import pandas as pd

from seglab.errors import ConfigError, MissingArtifactError
from seglab.figures.style import save_figure
from seglab.jobs.painted import painted_figures
from seglab.jobs.pictures import figures
from seglab.results.config import ReportConfig
from seglab.results.experiments import experiments
from seglab.results.formats import terminal, write_all
from seglab.results.observations import HISTORY, best_and_last, observations
from seglab.results.report import Report
from seglab.results.reproduction import FOLDER, ROWS, SHOWCASE, UNSEEN
from seglab.results.superpixels import curves_by_painter, superpixels_table
from seglab.results.table import (
    PAINTING,
    painting_table,
    results_table,
    typed,
    validation_table,
)
from seglab.results.verdicts import verdicts
from seglab.tracking.reader import download, read_histories, read_runs, run_info
from seglab.tracking.run import Run, start_run
from seglab.tuning.config import DATABASE

SCALES = {
    "small": "SMALL SCALE: narrow networks, few epochs, a sample of the pictures. This shows that "
    "the line runs from end to end; it is no reproduction of the published figures.",
    "narrow": "NARROW SCALE: networks of width 8, and else all as published. Wider networks may "
    "differ in any row.",
}
"""What to know before reading a table, by the scale of its reproduction."""


@dataclass(frozen=True)
class Material:
    """All that a report is made from, as MLflow has it."""

    runs: pd.DataFrame
    histories: pd.DataFrame
    pictures: dict[str, pd.DataFrame]
    """Per-picture rows of each evaluated run."""
    judged: dict[str, pd.DataFrame]
    """Per-picture rows of each run that judged superpixels."""
    folder: Path
    """Where artifacts were downloaded to."""
    remarks: list[str]
    tables: tuple[str, ...] = ()
    """Published tables that were reproduced; empty for a report on an experiment."""
    showcase: Path | None = None
    """Pictures that grids show, as ``reproduction.SHOWCASE``."""
    unseen: Path | None = None
    """Pictures of other categories, as ``reproduction.UNSEEN``."""


def report(config: ReportConfig) -> None:
    """Prints the tables and logs them, in a run of their own; those of a study in its run."""
    info = run_info(config.run) if config.run else None
    if info and DATABASE not in info.tags and "scale" not in info.params:
        raise ConfigError(
            f"--run={config.run} is the run of no reproduction and of no study: without --run, "
            "all runs of the experiment are told of"
        )
    name = config.run[:8] or config.experiment
    with start_run(f"report {name}", params=asdict(config)) as run:
        if info and DATABASE in info.tags:
            from seglab.jobs.tune import report_study  # torch, which tables do without

            report_study(info)
        else:
            log_report(run, config.run, config.experiment)


def log_report(run: Run, reproduction: str, experiment: str = "") -> None:
    """Logs the report of a reproduce run, or else of an experiment, to ``run`` and prints it."""
    with tempfile.TemporaryDirectory() as scratch:
        material = gather(Path(scratch), reproduction, experiment)
        made = make(material, Path(scratch) / "report" / "figures")
        write_all(made, Path(scratch) / "report")
        run.artifacts(Path(scratch) / "report", "report")
        print(terminal(made))
        print(
            "\nAs HTML, LaTeX, Markdown, CSV and Parquet, with the figures: artifacts `report` of "
            f"run {run.id}; `mlflow artifacts download -r {run.id} -a report -d .` fetches them"
        )


def gather(scratch: Path, reproduction: str, experiment: str) -> Material:
    """Runs, histories, per-picture rows and pictures, read from MLflow alone."""
    remarks: list[str] = []
    tables: tuple[str, ...] = ()
    showcase = unseen = None
    if reproduction:
        info = run_info(reproduction)
        runs = read_runs(info.experiment)
        listed = pd.read_csv(download(reproduction, f"{FOLDER}/{ROWS}", scratch), dtype="string")
        runs = runs[runs["run_id"].isin(listed["run_id"])].reset_index(drop=True)
        remarks += filter(None, [SCALES.get(info.params.get("scale", ""))])
        table = info.params.get("table", "")
        tables = ("saliency", "superpixels") if table == "all" else (table,)
        failed = listed[listed["error"].notna()]
        remarks += [
            f"Failed and not in the tables: {row.experiment} on {row.dataset}, seed {row.seed}: "
            f"{row.error}"
            for row in failed.itertuples()
        ]
        if evaluated(runs):
            showcase = download(reproduction, SHOWCASE, scratch)
            unseen = download(reproduction, UNSEEN, scratch) if info.params.get("unseen") else None
    else:
        runs = read_runs(experiment)
    pictures = per_picture(evaluated(runs), "evaluation", scratch)
    judged = per_picture(judges(runs), "superpixels", scratch)
    rows = typed(runs)
    painting = rows.loc[rows["task"] == PAINTING, "run_id"]
    histories = read_histories([*evaluated(runs), *painting], HISTORY)
    return Material(runs, histories, pictures, judged, scratch, remarks, tables, showcase, unseen)


def per_picture(run_ids: Iterable[str], folder: str, scratch: Path) -> dict[str, pd.DataFrame]:
    """Per-picture rows that runs have in the artifact folder ``folder``."""
    found = {}
    for run_id in run_ids:
        try:
            path = download(run_id, f"{folder}/per_image.parquet", scratch / "runs" / run_id)
        except MissingArtifactError:  # a run of another making, with scores alone
            continue
        found[run_id] = pd.read_parquet(path)
    return found


def evaluated(runs: pd.DataFrame) -> list[str]:
    """Ids of the runs with scores on whole pictures."""
    rows = typed(runs)
    scored = rows[["train_iou", "val_iou", "test_iou"]].notna().any(axis=1)
    return list(rows.loc[scored, "run_id"])


def judges(runs: pd.DataFrame) -> list[str]:
    """Ids of the runs that judged superpixels, of photos or of what a network paints."""
    scores = [name for name in runs if str(name).startswith("metrics.superpixels/")]
    return list(runs.loc[runs[scores].notna().any(axis=1), "run_id"])


def make(material: Material, figure_folder: Path) -> Report:
    """The report, with its figures also as files in ``figure_folder``."""
    runs, histories = material.runs, material.histories
    epochs = best_and_last(histories)
    beside = [painting_table(runs, epochs), superpixels_table(runs, material.judged)]
    masks = len(evaluated(runs)) > 0
    # Without any table, the first says what to run.
    tables = [results_table(runs)] if masks or not any(beside) else []
    tables += filter(None, [validation_table(runs, epochs), *beside])
    pictures = {}
    for name, caption, figure in chain(figures(material), painted_figures(material)):
        save_figure(figure, figure_folder / f"{name}.png")
        pictures[caption] = (figure_folder / f"{name}.png").read_bytes()
    curves = curves_by_painter(runs, material.judged)
    seen = observations(runs, material.pictures | curves, epochs)
    return Report(
        tables=tables,
        remarks=material.remarks,
        verdicts=verdicts(seen, material.tables or studied(runs)),
        pictures=pictures,
    )


def studied(runs: pd.DataFrame) -> list[str]:
    """The published tables that any of the runs belongs to a row of, or might with other flags."""
    rows = typed(runs)
    found = {e.table for e in rows["published"] if e is not None}
    found |= {"superpixels"} if (rows["task"] == PAINTING).any() else set()
    return [table for table in dict.fromkeys(e.table for e in experiments()) if table in found]
