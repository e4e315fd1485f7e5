"""Every MLproject parameter is a field of its entry point's config, and the other way round."""

import ast
import importlib
import re
from dataclasses import MISSING, fields
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "MLproject").read_text(encoding="utf-8")
ENTRY_POINTS = yaml.safe_load(TEXT)["entry_points"]
CONFIGS = dict(re.findall(r"^  (\w+):  # (seglab[\w.]+:\w+)$", TEXT, re.MULTILINE))


def config_of(name):
    module, config = CONFIGS[name].split(":")
    return getattr(importlib.import_module(module), config)


def word(value):
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


@pytest.mark.parametrize("name", ENTRY_POINTS)
def test_parameters_are_the_configs_fields_with_their_defaults(name):
    parameters = {key: value["default"] for key, value in ENTRY_POINTS[name]["parameters"].items()}
    assert parameters == {field.name: word(field.default) for field in fields(config_of(name))}


@pytest.mark.parametrize("name", ENTRY_POINTS)
def test_parameters_are_typed(name):
    for field in fields(config_of(name)):
        assert field.default is not MISSING
        number = isinstance(field.default, int | float) and not isinstance(field.default, bool)
        declared = ENTRY_POINTS[name]["parameters"][field.name]["type"]
        assert declared == ("float" if number else "string"), field.name


@pytest.mark.parametrize("name", ENTRY_POINTS)
def test_command_hands_every_parameter_to_its_flag(name):
    command = ENTRY_POINTS[name]["command"]
    flags = dict(re.findall(r"--(\w+) \{(\w+)\}", command))
    assert flags == {field.name: field.name for field in fields(config_of(name))}
    module = re.match(r"python -m entry_points\.(\w+) ", command)[1]
    source = (ROOT / "entry_points" / f"{module}.py").read_text(encoding="utf-8")
    assert f"main({config_of(name).__name__}, " in source


def undocumented(module):
    """Fields of the dataclasses in ``module`` that no string stands below."""
    for node in ast.walk(ast.parse(Path(module.__file__).read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef):
            for statement, below in pairwise([*node.body, ast.Pass()]):
                text = isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant)
                if isinstance(statement, ast.AnnAssign) and not text:
                    yield f"{node.name}.{statement.target.id}"


@pytest.mark.parametrize("module", sorted({path.split(":")[0] for path in CONFIGS.values()}))
def test_every_field_is_documented(module):
    assert list(undocumented(importlib.import_module(module))) == []
