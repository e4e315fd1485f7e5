"""docs/faults.md names tests that exist, and every test of this folder."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
LINKS = re.findall(r"\[([^\]]+)\]\(\.\./(tests/[^)]+)\)", PAGE)


def test_every_link_names_a_test_that_exists() -> None:
    assert len(LINKS) > 60
    wrong = [
        f"{name} in {path}"
        for name, path in LINKS
        if not (ROOT / path).is_file()
        or f"def test_{name.replace(' ', '_')}(" not in (ROOT / path).read_text(encoding="utf-8")
    ]
    assert not wrong


def test_every_row_has_a_test_and_every_file_of_faults_a_row() -> None:
    table = PAGE.split("| tests |")[1].split("\n\n")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ")]
    assert len(rows) >= 30
    assert not [row for row in rows if "](../tests/" not in row]
    here = {f"tests/faults/{path.name}" for path in Path(__file__).parent.glob("test_*.py")}
    assert here - {path for _, path in LINKS} == {f"tests/faults/{Path(__file__).name}"}
