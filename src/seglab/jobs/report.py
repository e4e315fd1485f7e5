"""The report job: runs in MLflow → tables, verdicts and figures in every format."""

import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from seglab.errors import TrackingError
from seglab.figures.style import save_figure
from seglab.jobs.pictures import figures
from seglab.results.config import ReportConfig
from seglab.results.experiments import experiments
from seglab.results.formats import terminal, write_all
from seglab.results.observations import HISTORY, best_and_last, observations
from seglab.results.report import Report
from seglab.results.reproduction import FOLDER, ROWS, SHOWCASE
from seglab.results.table import (
    results_table,
    superpixels_table,
    typed,
    validation_table,
)
from seglab.results.verdicts import verdicts
from seglab.tracking.reader import download, read_histories, read_runs, run_info
from seglab.tracking.run import Run, start_run

SMALL_SCALE = (
    "SMALL SCALE: narrow networks, few epochs, a sample of the pictures. This shows that the line "
    "runs from end to end; it is no reproduction of the published figures."
)


@dataclass(frozen=True)
class Material:
    """All that a report is made from, as MLflow has it."""

    runs: pd.DataFrame
    histories: pd.DataFrame
    pictures: dict[str, pd.DataFrame]
    """Per-picture rows of each evaluated run."""
    folder: Path
    """Where artifacts were downloaded to."""
    remarks: list[str]
    showcase: Path | None = None


def report(config: ReportConfig) -> None:
    """Prints the tables and logs them, in a run of their own."""
    name = config.run[:8] or config.experiment
    with start_run(f"report {name}", params=asdict(config)) as run:
        log_report(run, config.run, config.experiment)


def log_report(run: Run, reproduction: str, experiment: str = "") -> None:
    """Logs the report of a reproduce run, or else of an experiment, to ``run`` and prints it."""
    with tempfile.TemporaryDirectory() as scratch:
        material = gather(Path(scratch), reproduction, experiment)
        made = make(material, Path(scratch) / "report" / "figures")
        write_all(made, Path(scratch) / "report")
        run.artifacts(Path(scratch) / "report", "report")
        print(terminal(made))


def gather(scratch: Path, reproduction: str, experiment: str) -> Material:
    """Runs, histories, per-picture rows and pictures, read from MLflow alone."""
    remarks, showcase = [], None
    if reproduction:
        info = run_info(reproduction)
        runs = read_runs(info.experiment)
        listed = pd.read_csv(download(reproduction, f"{FOLDER}/{ROWS}", scratch), dtype="string")
        runs = runs[runs["run_id"].isin(listed["run_id"])].reset_index(drop=True)
        if info.params.get("scale") == "small":
            remarks.append(SMALL_SCALE)
        failed = listed[listed["error"].notna()]
        remarks += [
            f"Failed and not in the tables: {row.experiment} on {row.dataset}, seed {row.seed}: "
            f"{row.error}"
            for row in failed.itertuples()
        ]
        if evaluated(runs):
            showcase = download(reproduction, SHOWCASE, scratch)
    else:
        runs = read_runs(experiment)
    folders = dict.fromkeys(evaluated(runs), "evaluation")
    rows = typed(runs)
    folders |= dict.fromkeys(rows.loc[rows["boundary_recall"].notna(), "run_id"], "superpixels")
    pictures = {}
    for run_id, part in folders.items():
        try:
            path = download(run_id, f"{part}/per_image.parquet", scratch / "runs" / run_id)
        except TrackingError:  # a run of another making, with scores alone
            continue
        pictures[run_id] = pd.read_parquet(path)
    histories = read_histories(list(folders), HISTORY)
    return Material(runs, histories, pictures, scratch, remarks, showcase)


def evaluated(runs: pd.DataFrame) -> list[str]:
    """Ids of the runs with scores on whole pictures."""
    rows = typed(runs)
    scored = rows[["train_iou", "val_iou", "test_iou"]].notna().any(axis=1)
    return list(rows.loc[scored, "run_id"])


def make(material: Material, figure_folder: Path) -> Report:
    """The report, with its figures also as files in ``figure_folder``."""
    runs, histories = material.runs, material.histories
    epochs = best_and_last(histories)
    judged = superpixels_table(runs, epochs)
    scored = len(evaluated(runs)) > 0
    # Without any table, the first says what to run.
    tables = [results_table(runs)] if scored or judged is None else []
    tables += filter(None, [validation_table(runs, epochs), judged])
    pictures = {}
    for name, caption, figure in figures(material):
        save_figure(figure, figure_folder / f"{name}.png")
        pictures[caption] = (figure_folder / f"{name}.png").read_bytes()
    return Report(
        tables=tables,
        remarks=material.remarks,
        verdicts=verdicts(observations(runs, material.pictures, epochs), list(studied(runs))),
        pictures=pictures,
    )


def studied(runs: pd.DataFrame) -> Iterator[str]:
    """The published tables that any of the runs belongs to a row of."""
    found = {e.table for e in typed(runs)["published"] if e is not None}
    yield from dict.fromkeys(e.table for e in experiments() if e.table in found)
