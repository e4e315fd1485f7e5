"""What a run says of the code and machine it came from."""

import platform
import subprocess
from pathlib import Path

import numpy as np
import pytest

from seglab.tracking import provenance as module
from seglab.tracking.provenance import provenance, uncommitted


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
    command = ["git", *identity, *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A package under git, committed."""
    code = tmp_path / "src" / "package"
    code.mkdir(parents=True)
    (code / "a.py").write_text("number = 1\n")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "first")
    return code


def test_a_clean_checkout_gives_its_commit(checkout: Path) -> None:
    tags = provenance(checkout)
    assert tags["seglab.git.commit"] == git(checkout, "rev-parse", "HEAD").strip()
    assert tags["seglab.git.dirty"] == "false"
    assert uncommitted(checkout) == ""


def test_open_changes_are_kept(checkout: Path) -> None:
    (checkout / "a.py").write_text("number = 'zwölf'\n")
    (checkout.parent / "new.py").write_text("")
    assert provenance(checkout)["seglab.git.dirty"] == "true"
    text = uncommitted(checkout)
    assert "+number = 'zwölf'" in text
    assert "?? src/new.py" in text


def test_a_huge_diff_is_cut_and_says_so(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DIFF_LIMIT", 500)
    (checkout / "a.py").write_text("ü" * 5000)
    text = uncommitted(checkout)
    assert len(text) < 700
    assert "… cut at 500 of 10" in text


def test_outside_a_checkout_it_says_so(tmp_path: Path) -> None:
    tags = provenance(tmp_path)
    assert tags["seglab.git.commit"].startswith("none: fatal: not a git repository")
    assert "seglab.git.dirty" not in tags
    assert uncommitted(tmp_path) == ""


def test_an_installed_package_is_not_taken_for_the_checkout_around_it(checkout: Path) -> None:
    installed = checkout.parents[1] / ".venv" / "package"
    installed.mkdir(parents=True)
    (installed / "a.py").write_text("")
    assert provenance(installed)["seglab.git.commit"] == "none: the code is not under git"


def test_without_git_it_says_so(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert provenance(checkout)["seglab.git.commit"] == "none: git is not installed"


def test_versions_and_machine_are_named(tmp_path: Path) -> None:
    tags = provenance(tmp_path)
    assert tags["seglab.version.numpy"] == np.__version__
    assert tags["seglab.version.python"] == platform.python_version()
    assert tags["seglab.version.seglab"]
    assert tags["seglab.host"] == platform.node()
    assert tags["seglab.cpu"]
    assert int(tags["seglab.cpu_cores"]) >= 1
