"""LaTeX that tests compile, where it is installed."""

import shutil
import subprocess
from pathlib import Path

import pytest

needs_latex = pytest.mark.skipif(not shutil.which("pdflatex"), reason="pdflatex is not installed")


def assert_compiles(tables: str, folder: Path) -> None:
    """A paper that takes ``tables`` in compiles, and no line of it is too wide."""
    document = [
        r"\documentclass{article}",
        r"\usepackage{booktabs,graphicx}",
        r"\begin{document}",
        tables,
        r"\end{document}",
    ]
    (folder / "table.tex").write_text("\n".join(document))
    command = ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", "table.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Overfull" not in done.stdout
