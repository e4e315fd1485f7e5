"""A digest of the code that computes numbers, so that no result outlives what made it."""

import ast
from functools import cache
from importlib.metadata import version
from pathlib import Path

import seglab
from seglab.data.files import digest_of

COMPUTING = ("data", "networks", "saliency", "superpixels", "training", "evaluation")
"""Rooms whose code determines weights and scores; the others store, draw and print them."""
LIBRARIES = ("torch", "numpy", "scipy", "scikit-image", "numba")


@cache
def code_digest() -> str:
    """Digest of those rooms' programs and of the libraries they compute with.

    Comments, docstrings and layout do not count, so that a better sentence costs nobody a table.
    """
    package = Path(seglab.__file__).parent
    paths = sorted(path for room in COMPUTING for path in (package / room).rglob("*.py"))
    programs = [(path.relative_to(package).as_posix(), program(path)) for path in paths]
    libraries = [f"{name} {version(name)}" for name in LIBRARIES]
    return digest_of(*(text for pair in programs for text in pair), *libraries)


def program(path: Path) -> str:
    """What a file does, as text: its syntax tree without strings that stand alone."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(body := getattr(node, "body", None), list):
            node.body = [  # type: ignore[attr-defined]
                statement
                for statement in body
                if not (
                    isinstance(statement, ast.Expr)
                    and isinstance(statement.value, ast.Constant)
                    and isinstance(statement.value.value, str)
                )
            ]
    return ast.dump(tree)
