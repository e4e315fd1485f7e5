"""The reproduce job: rows of the published tables → trained, scored, tabled and judged."""

import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pandas as pd

from seglab.data.files import atomic_write, digest_of
from seglab.data.shared import anywhere, here
from seglab.errors import RUN, SeglabError
from seglab.jobs.config import ReproduceConfig
from seglab.jobs.report import log_report
from seglab.jobs.row_run import Done, read_known, run_row, state_of
from seglab.jobs.rows import Row, Training, cost_of, rows_of
from seglab.jobs.showcase import find_unseen, log_showcase, log_unseen
from seglab.launching.crew import Crew, Watch
from seglab.launching.launch import launch
from seglab.results.reproduction import FOLDER, ROWS
from seglab.tracking.run import Run, start_run

REPRODUCTION = "seglab.reproduction"
"""Tag of a reproduce run: digest of its parameters and of the recipes of all its rows."""


def reproduce(config: ReproduceConfig) -> None:
    """Runs the rows, each in a run below this one, and reports on them.

    Rows that are finished under the same recipe (parameters, data, maps, code, seed) are reused;
    an interrupted reproduction goes on in the same run, and its interrupted row where it was. A
    row that fails is told at the end, which raises ``SeglabError``; the others go on.
    """
    with tempfile.TemporaryDirectory() as scratch:
        unseen = find_unseen(config.unseen, Path(scratch)) if config.unseen else {}
        # Workers may start in another folder.
        reproduce_rows(config, rows_of(replace(config, data_dir=anywhere(config.data_dir))), unseen)


def reproduce_rows(
    config: ReproduceConfig, rows: Sequence[Row], unseen: Mapping[str, Path]
) -> None:
    """Runs ``rows`` and reports on them; ``unseen`` are pictures of other categories by name."""
    known = read_known()
    what = replace(config, data_dir="", engine="local", ray_address="", workers=1)
    identity = digest_of(repr(what), *(row.recipe() for row in rows))
    with start_run(
        f"reproduce {config.table} ({config.scale} scale)",
        params=asdict(config),
        tags={REPRODUCTION: identity, "seglab.scale": config.scale},
        resume=unfinished(known, identity),
    ) as parent:
        try:
            done = run_rows(config, rows, known, parent.id)
        except KeyboardInterrupt:
            print("\ninterrupted: the same command goes on where this one stopped")
            raise
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
              f"{RUN} -e report -P run={parent.id}")  # fmt: skip
        if failed:
            lines = [f"{each.row.title}: {each.error}" for each in failed]
            raise SeglabError(f"{len(failed)} of {len(done)} rows failed: {'; '.join(lines)}")


def unfinished(known: pd.DataFrame, identity: str) -> str:
    """The run of the same reproduction that did not reach its end; empty if there is none."""
    if f"tags.{REPRODUCTION}" not in known:
        return ""
    same = known[known[f"tags.{REPRODUCTION}"] == identity]
    open_runs = same[same["status"] != "FINISHED"]
    return str(open_runs["run_id"].iloc[0]) if len(open_runs) else ""


@dataclass(frozen=True)
class RowWork:
    """Runs a row where a worker is; can be pickled."""

    parent: str
    """Id of the reproduction's run."""

    def __call__(self, row: Row) -> tuple[str, str, str]:
        """What became of it: how, run and error. One whose worker was killed goes on."""
        done = run_row(row, state_of(row, read_known()), self.parent)
        return done.how, done.run, done.error


class Tally:
    """What became of the rows so far, and how long the others will take."""

    def __init__(self, rows: Sequence[Row], to_do: list[int]) -> None:
        self.rows = rows
        self.costs = cost_of(rows)
        self.to_do = to_do
        self.done: dict[int, Done] = {}
        self.started = time.monotonic()
        print(
            f"{len(rows)} rows, {len(rows) - len(to_do)} of them there already; "
            f"{self.costs[to_do].sum() / 1e3:,.0f} TFLOP to compute"
        )

    def add(self, number: int, done: Done) -> None:
        """Takes and tells what became of a row."""
        self.done[number] = done
        computed = self.costs[[n for n in self.to_do if n in self.done]].sum()
        left = self.costs[[n for n in self.to_do if n not in self.done]].sum()
        told = ""
        if computed and left:
            seconds = (time.monotonic() - self.started) * left / computed
            told = f", {in_words(seconds)} left for all rows"
        print(f"row {len(self.done)}/{len(self.rows)}  {done.row.title}  ({done.how}{told})")


def run_rows(
    config: ReproduceConfig, rows: Sequence[Row], known: pd.DataFrame, parent: str
) -> list[Done]:
    """Runs what is not there yet, one after the other or by workers, below the run ``parent``."""
    states = [state_of(row, known) for row in rows]
    tally = Tally(rows, [n for n, state in enumerate(states) if state.step in ("new", "begun")])
    alone = config.engine == "local" and config.workers == 1
    spread = [n for n, state in enumerate(states) if not alone and state.step != "scored"]
    for number, (row, state) in enumerate(zip(rows, states, strict=True)):
        if number not in spread:
            print(f"\n{row.title}  ({state.step})")
            tally.add(number, run_row(row, state, parent))
    if spread:

        def ended(place: int, found: tuple[str, str, str]) -> None:
            tally.add(spread[place], Done(rows[spread[place]], *found))

        crew = Crew(config.workers, here(config.data_dir).absolute() / "logs")
        work = RowWork(parent)
        launch(config, work, [rows[number] for number in spread], crew, Watch(ended=ended))
    return [tally.done[number] for number in range(len(rows))]


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
