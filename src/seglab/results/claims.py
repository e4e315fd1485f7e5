"""What the studies claim, as data: which rows to compare, by what score, how much and which way."""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class Claim:
    """One sentence of a study's conclusions, with the test that could refute it."""

    key: str
    text: str
    """The claim in words."""
    source: str
    """Where the study makes it."""
    table: str
    """saliency or superpixels."""
    better: str
    """Key of the experiment that is claimed to do better (or whatever else is claimed of it)."""
    baselines: tuple[str, ...]
    """What it is compared with; the claim must hold against each. Empty: with photos as input."""
    score: str
    """Column of the per-picture or per-run rows that is compared."""
    size: float
    """How large a difference is claimed; 0 where only the direction is."""
    direction: int
    """1 if the claim is that the score is higher, -1 if it is lower."""
    measure: str
    """How the score measures the claim, in words."""


@cache
def claims() -> tuple[Claim, ...]:
    """All claims, in the order of the studies."""
    text = files("seglab.results").joinpath("claims.json").read_text("utf-8")
    return tuple(Claim(**{**c, "baselines": tuple(c["baselines"])}) for c in json.loads(text))
