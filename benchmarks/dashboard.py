"""How soon the dashboard shows a thousand runs, and how soon its slider answers, in a browser.

    PYTHONPATH=src python -m benchmarks.dashboard --output dashboard.json

Needs Chromium. A store is seeded with real runs whose rows are then copied in its database, each
copy a configuration of its own with three seeds. The server has read the store before the first
visit, as it does before it says that it is ready; each visit starts with an empty browser.
"""

import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import tyro
from mlflow import MlflowClient
from playwright.sync_api import Browser, sync_playwright

from benchmarks.measure import Row, report
from benchmarks.program import serving
from tests.browser.serving import CHROMIUM
from tests.dashboards.seeded import Seeded
from tests.mlflow_server import free_port

TABLES = ("params", "tags", "metrics", "latest_metrics")
MOVES = """async () => {
    const root = [...document.querySelectorAll('*')]
        .find(e => e.shadowRoot?.querySelector('input[type=range]')).shadowRoot;
    const slider = root.querySelector('input[type=range]');
    const painted = () => new Promise(done => requestAnimationFrame(() => setTimeout(done, 0)));
    const times = [];
    for (let step = 10; step < 90; step += 2) {
        const before = root.querySelector('[data-run] b').textContent;
        const started = performance.now();
        slider.value = step;
        slider.dispatchEvent(new Event('input'));
        await painted();
        times.push(performance.now() - started);
        if (root.querySelector('[data-run] b').textContent === before) throw 'no new score';
    }
    return times;
}"""


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """Seconds to the first table, and milliseconds from moving the slider to the picture."""

    runs: int = 1000
    """Runs in the store."""
    visits: int = 5
    """Visits of the first page, after one to warm up."""
    output: str = ""
    """JSON file to write; empty prints it."""


def main(benchmark: Benchmark) -> None:
    """Measures and reports."""
    if CHROMIUM is None:
        raise SystemExit("no Chromium is installed: apt-get install chromium")
    with tempfile.TemporaryDirectory() as name:
        empty = Path(name) / "empty.db"
        MlflowClient(f"sqlite:///{empty}").search_experiments()
        seeded = Seeded(Path(name), empty, shape=(512, 512))
        copies = benchmark.runs - len(seeded.ids)
        copy_rows(Path(name) / "mlflow.db", seeded.ids["rgb", 0], copies)
        port = str(free_port())
        address = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "entry_points.dashboard", "--port", port]
        command += ["--data_dir", str(seeded.data_dir)]
        store = {"MLFLOW_TRACKING_URI": seeded.uri, "MLFLOW_DISABLE_TELEMETRY": "true"}
        with (
            serving(command, f"{address}/_stcore/health", store) as (_, ready),
            sync_playwright() as playwright,
        ):
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            visits = [first_paint(browser, address) for _ in range(benchmark.visits + 1)][1:]
            moves = slider(browser, address)
            browser.close()
    titles, tables = ([visit[place] for visit in visits] for place in (0, 1))
    runs, picture = f"{benchmark.runs} runs", "three runs of a 512² picture"
    rows = [
        Row(what=f"first paint, {runs}", ours=median(titles), unit="s", most=2),
        Row(what=f"results table drawn, {runs}", ours=median(tables), unit="s", most=2),
        Row(what=f"slider to masks and scores, {picture}", ours=median(moves), unit="ms", most=100),
        Row(what=f"server ready, {runs}", ours=ready, unit="s"),
    ]
    details = {"titles": titles, "tables": tables, "moves": moves}
    report("dashboard", rows, details, benchmark.output)


def copy_rows(database: Path, run: str, copies: int) -> None:
    """Copies all that the database has of ``run``, three seeds to a learning rate."""
    with closing(sqlite3.connect(database)) as connection, connection:
        for number in range(copies):
            new = f"{number:032x}"
            for table, key in (("runs", "run_uuid"), *((table, "run_uuid") for table in TABLES)):
                columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
                chosen = ", ".join("?" if column == key else column for column in columns)
                connection.execute(
                    f"INSERT INTO {table} ({', '.join(columns)}) "
                    f"SELECT {chosen} FROM {table} WHERE {key} = ?",
                    (new, run),
                )
            changed = {"seed": number % 3, "learning_rate": f"{(number // 3 + 2) * 1e-6:.6f}"}
            for name, value in changed.items():
                connection.execute(
                    "UPDATE params SET value = ? WHERE run_uuid = ? AND key = ?",
                    (str(value), new, name),
                )


def first_paint(browser: Browser, address: str) -> tuple[float, float]:
    """Seconds until the title and until the table of a first visit are drawn."""
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    page = context.new_page()
    started = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.get_by_role("heading", name="Results").wait_for(timeout=120_000)
    title = time.perf_counter() - started
    page.locator("[data-testid=stDataFrame] canvas").first.wait_for(timeout=120_000)
    table = time.perf_counter() - started
    context.close()
    return title, table


def slider(browser: Browser, address: str) -> list[float]:
    """Milliseconds from each move of the threshold to its picture."""
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    page.goto(f"{address}/pictures")
    page.locator("[data-run] b").first.get_by_text("IoU").wait_for(timeout=120_000)
    times: list[float] = page.evaluate(MOVES)
    return times


if __name__ == "__main__":
    main(tyro.cli(Benchmark))
