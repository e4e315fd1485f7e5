"""Makes docs/benchmarks.md of the results that were kept.

    PYTHONPATH=src python -m benchmarks.page

What limits a figure that is not reached is written by hand, in ``benchmarks/results/limits.md``.
"""

import json
from pathlib import Path
from typing import Any

from tabulate import tabulate

from benchmarks.measure import Row

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
PAGE = ROOT / "docs" / "benchmarks.md"
KINDS = {"cpu": ("On a CPU", "make bench"), "gpu": ("On a GPU", "make bench-gpu")}
"""Title of each set, and the command that measures it."""
HEAD = """# Benchmarks

Made by `python -m benchmarks.page` from the results in `benchmarks/results`, which `make bench`
(with `SEGLAB_DATA` at a folder with `bsds500/`, and Chromium) and `make bench-gpu` measure and
replace, all but `precision`: that compares trainings, as `benchmarks/precision.py` says. Contenders
run in turn, beside whatever else the machine does; times are medians where they were taken more
than once. Machines differ and are shared: the ratios say more than the times.
"""


def write() -> None:
    """Writes the page."""
    PAGE.write_text(page(), encoding="utf-8")


def page() -> str:
    """The page as Markdown."""
    parts = [HEAD]
    for kind, (title, command) in KINDS.items():
        files = sorted((RESULTS / kind).glob("*.json"))
        parts.append(f"## {title}\n")
        found = [json.loads(file.read_text(encoding="utf-8")) for file in files]
        parts.append(
            table(found) if found else f"Not measured. `{command}` does so on such a machine.\n"
        )
    parts.append((RESULTS / "limits.md").read_text(encoding="utf-8"))
    return "\n".join(parts)


def table(results: list[dict[str, Any]]) -> str:
    """One line a row of the results, and where they come from."""
    lines = [line(Row(**row), result["benchmark"]) for result in results for row in result["rows"]]
    headers = ["benchmark", "what", "seglab", "beside", "its figure", "ratio", "goal", ""]
    drawn = tabulate(lines, headers, tablefmt="github", disable_numparse=True)
    places: dict[str, list[dict[str, Any]]] = {}
    for result in results:
        places.setdefault(kind_of(result["machine"]), []).append(result["machine"])
    told = [f"{kind}, {state_of(machines)}" for kind, machines in places.items()]
    return f"{drawn}\n\nMeasured on {'; '.join(told)}.\n"


def line(row: Row, benchmark: str) -> list[str]:
    """Cells of one row."""
    goal = (
        "" if row.most is None else f"≤ {row.most:.3g}" + (" ×" if row.against else f" {row.unit}")
    )
    theirs = "" if row.theirs is None else f"{short(row.theirs)} {row.unit}"
    ratio = "" if row.ratio is None else f"{row.ratio:.3g} ×"
    reached = {None: "", True: "reached", False: "**not reached**"}[row.reached]
    ours = f"{short(row.ours)} {row.unit}"
    return [benchmark, row.what, ours, row.against, theirs, ratio, goal, reached]


def short(figure: float) -> str:
    """Three digits, or all before the point."""
    return f"{figure:.3g}" if figure < 1000 else f"{figure:,.0f}"


def kind_of(machine: dict[str, Any]) -> str:
    """What somebody else can compare with."""
    number = machine["seglab.cpu_cores"]
    cores = f"{number} core{'s' * (number != '1')} of {machine['seglab.cpu']}"
    return ", ".join(
        filter(None, [machine["gpu"], cores, f"PyTorch {machine['seglab.version.torch']}"])
    )


def state_of(machines: list[dict[str, Any]]) -> str:
    """Commits that were measured, and how busy the machine was."""
    commits = sorted({machine["seglab.git.commit"][:8] for machine in machines})
    loads = sorted({f"{machine['load']:g}" for machine in machines}, key=float)
    load = " to ".join(dict.fromkeys([loads[0], loads[-1]]))
    return f"commit {', '.join(commits)}, load {load}"


if __name__ == "__main__":
    write()
