"""conda.yaml, pyproject.toml and the code's imports name the same packages."""

import ast
import sys
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
DISTRIBUTIONS = {
    "PIL": "pillow",
    "skimage": "scikit-image",
    # Parts of these packages under a name of their own; their versions follow.
    "botocore": "boto3",
    "markupsafe": "jinja2",
    "sqlalchemy": "mlflow",
    "uvicorn": "mlflow",
}
# Named ahead of their use, as studies tune with it and every environment should be built once.
AHEAD = {"torchvision"}
# What an extra installs, and only its users import.
EXTRAS = {"ray", "submitit"}
PLUGINS = {
    "jinja2": "pandas prints LaTeX with it",
    "plotly": "optuna draws with it",
    "tabulate": "pandas prints Markdown with it",
    "flask-wtf": "MLflow's server asks for passwords with it",
    "uvloop": "uvicorn serves with it",
}


def requirements():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project["dependencies"], project["requires-python"]


def test_conda_and_pyproject_agree():
    needs, python = requirements()
    conda = yaml.safe_load((ROOT / "conda.yaml").read_text(encoding="utf-8"))["dependencies"]
    assert [d for d in conda if isinstance(d, dict)] == [{"pip": needs}]
    pinned = next(d for d in conda if isinstance(d, str) and d.startswith("python"))
    assert python == ">=" + pinned.split("=")[-1]


def test_every_range_has_both_ends():
    needs, _ = requirements()
    assert [need for need in needs if ">=" not in need or ",<" not in need] == []


def test_what_the_code_imports_is_required_and_nothing_else_is():
    imported = {
        (node.module if isinstance(node, ast.ImportFrom) else alias.name).split(".")[0]
        for folder in ("src", "entry_points", "dashboards")
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    third_party = imported - set(sys.stdlib_module_names) - {"seglab", "entry_points", "dashboards"}
    needed = {DISTRIBUTIONS.get(name, name) for name in third_party}
    required = {need.split(">=")[0] for need in requirements()[0]}
    assert needed - required == EXTRAS
    assert required - needed - AHEAD - set(PLUGINS) == set()
