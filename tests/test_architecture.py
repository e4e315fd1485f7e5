"""The import rules of docs/architecture.md, read from that table itself."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "seglab"
APP = ROOT / "dashboards"


def rules():
    """Room → rooms it may import, from the table in docs/architecture.md."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(
        r"^\| `(?:src/seglab/(?=\w)|(?=dashboards))(\w+)(?:/|\.py)` \|.*\| ([^|]*) \|$",
        text,
        re.MULTILINE,
    )
    return {room: set(re.findall(r"\w+", allowed)) - {"and", "nothing"} for room, allowed in rows}


def imports(path):
    """Dotted names of every module that ``path`` imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room_of(path):
    if path.is_relative_to(APP):
        return APP.name
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


FILES = sorted([*SOURCE.rglob("*.py"), *APP.rglob("*.py")])


def test_every_room_stands_in_the_table():
    assert {room_of(path) for path in FILES} - {"__init__"} == set(rules())


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_rooms_import_only_what_the_table_allows(path):
    room = room_of(path)
    ours = {name.split(".")[1] for name in imports(path) if name.startswith("seglab.")}
    assert ours <= {room, *rules().get(room, set())}
    above = {"entry_points", "dashboards"} - {room}
    assert not {name for name in imports(path) if name.split(".")[0] in above}


OWNERS = {"mlflow": "tracking", "optuna": "tuning", "ray": "launching", "submitit": "launching"}


@pytest.mark.parametrize(("library", "room"), OWNERS.items())
def test_library_is_imported_by_one_room_alone(library, room):
    users = {room_of(path) for path in FILES if library in {n.split(".")[0] for n in imports(path)}}
    assert users <= {room}


def test_no_python_file_is_beyond_300_lines():
    long = {
        str(path.relative_to(ROOT))
        for folder in ("src", "entry_points", "dashboards", "tests", "benchmarks")
        for path in (ROOT / folder).rglob("*.py")
        if len(path.read_text(encoding="utf-8").splitlines()) > 300
    }
    assert not long
