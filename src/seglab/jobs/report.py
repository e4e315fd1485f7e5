"""The report job: an experiment's runs → its results table in every format."""

import tempfile
from dataclasses import asdict
from pathlib import Path

from seglab.results.config import ReportConfig
from seglab.results.formats import terminal, write_all
from seglab.results.report import Report
from seglab.results.table import results_table
from seglab.tracking.reader import read_runs
from seglab.tracking.run import start_run


def report(config: ReportConfig) -> None:
    """Prints the table and logs it as CSV, Parquet, Markdown, LaTeX and HTML."""
    table = results_table(read_runs(config.experiment))
    with (
        tempfile.TemporaryDirectory() as folder,
        start_run(f"report {config.experiment}", params=asdict(config)) as run,
    ):
        write_all(Report([table]), Path(folder))
        run.artifacts(Path(folder), "report")
        print(terminal(Report([table])))
