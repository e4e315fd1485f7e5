"""Where a number comes from: the code's commit, the versions of what it runs on, the machine."""

import json
import os
import platform
import subprocess
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import seglab

PACKAGE = Path(seglab.__file__).parent
"""The code that runs."""
PACKAGES = ("torch", "torchvision", "mlflow", "numpy", "pillow", "pyarrow")
SENT = "SEGLAB_GIT"
"""Environment variable of code that was sent to another machine: what git says of it, as JSON."""
DIFF_LIMIT = 1_000_000
"""Bytes of uncommitted changes kept; more is cut and says so."""


def provenance(code: Path = PACKAGE) -> dict[str, str]:
    """Tags of a run: ``seglab.git.*``, ``seglab.version.*`` and the machine.

    ``seglab.git.commit`` says "none: …" with the reason where ``code`` is not under git.
    """
    return {**_git(code), **_versions(), **_machine()}


@cache
def loaded() -> tuple[dict[str, str], str]:
    """Provenance and uncommitted changes of the code that this process runs.

    Both as they are when first asked for: what changes on disk later, the process does not run.
    """
    return provenance(), uncommitted()


def travelling_provenance() -> dict[str, str]:
    """Environment that tells a process on another machine where the code it was sent comes from."""
    tags, _ = loaded()
    return {SENT: json.dumps({key: tags[key] for key in tags if key.startswith("seglab.git.")})}


def uncommitted(code: Path = PACKAGE) -> str:
    """``git diff`` against the commit, headed by the state of each changed or new file.

    Empty if there is nothing uncommitted or no git. The text of new files is not in it.
    """
    state = "" if _why_no_git(code) else _run_git(code, "status", "--porcelain")
    if not state:
        return ""
    diff = _run_git(code, "diff", "HEAD").encode()
    kept = diff[:DIFF_LIMIT].decode(errors="ignore")
    cut = f"\n… cut at {DIFF_LIMIT} of {len(diff)} bytes\n" if len(diff) > DIFF_LIMIT else ""
    return f"{state}\n{kept}{cut}"


def _git(code: Path) -> dict[str, str]:
    if code == PACKAGE and SENT in os.environ:
        sent: dict[str, str] = json.loads(os.environ[SENT])
        return sent
    reason = _why_no_git(code)
    if reason:
        return {"seglab.git.commit": f"none: {reason}"}
    return {
        "seglab.git.commit": _run_git(code, "rev-parse", "HEAD").strip(),
        "seglab.git.dirty": str(bool(_run_git(code, "status", "--porcelain"))).lower(),
    }


def _why_no_git(code: Path) -> str:
    """Why git cannot say which code runs; empty if it can."""
    try:
        _run_git(code, "rev-parse", "HEAD")
        # A checkout that surrounds an installed package (.venv in a project) does not know it.
        return "" if _run_git(code, "ls-files") else "the code is not under git"
    except FileNotFoundError:
        return "git is not installed"
    except subprocess.TimeoutExpired:
        return "git did not answer"
    except subprocess.CalledProcessError as fault:
        said = str(fault.stderr).strip().splitlines()
        return said[0] if said else "git failed"


def _run_git(folder: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments],
        cwd=folder,
        capture_output=True,
        check=True,
        timeout=20,
        encoding="utf-8",
        errors="replace",
    ).stdout


def _versions() -> dict[str, str]:
    versions = {"python": platform.python_version(), "seglab": seglab.__version__}
    versions |= {package: installed(package) for package in PACKAGES}
    return {f"seglab.version.{name}": number for name, number in versions.items()}


def installed(package: str) -> str:
    """Version of an installed package, or "absent"; nothing is imported for it."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"


def _machine() -> dict[str, str]:
    tags = {
        "seglab.host": platform.node(),
        "seglab.cpu": _cpu_model(),
        "seglab.cpu_cores": str(_cores()),
    }
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        tags["seglab.gpu"] = torch.cuda.get_device_name()
    return tags


def _cpu_model() -> str:
    try:
        described = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1] for line in described.splitlines() if line.startswith("model n")]
    return names[0].strip() if names else platform.machine()


def _cores() -> int:
    """Cores this process may use, which a batch system or container may have limited."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
