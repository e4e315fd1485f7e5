"""Which parameters a study varies, and among what values: one word, as it is typed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

from seglab.errors import ConfigError

GRID_POINTS = 5
"""Points of a range that the grid sampler takes, both ends included."""
SYNTAX = "write --space=name=low..high, name=low..high:log or name=a|b|c, joined by commas"


@dataclass(frozen=True)
class Range:
    """Numbers from ``low`` to ``high``, both included; ``log`` spreads them evenly by ratio."""

    low: float
    high: float
    log: bool = False
    whole: bool = False

    def samples(self) -> tuple[float, ...]:
        """Values that must be valid for all between them to be: both ends."""
        return (self.low, self.high)

    def grid(self) -> list[float]:
        """``GRID_POINTS`` values, or fewer if so few whole numbers lie between."""
        shares = [index / (GRID_POINTS - 1) for index in range(GRID_POINTS)]
        if self.log:
            points = [self.low * (self.high / self.low) ** share for share in shares]
        else:
            points = [self.low + (self.high - self.low) * share for share in shares]
        points[-1] = self.high
        return sorted({round(point) for point in points}) if self.whole else points


@dataclass(frozen=True)
class Choices:
    """Some values, in no order."""

    values: tuple[Any, ...]

    def samples(self) -> tuple[Any, ...]:
        """All of them."""
        return self.values

    def grid(self) -> list[Any]:
        """All of them."""
        return list(self.values)


Space = dict[str, Range | Choices]


def parse_space(text: str, types: Mapping[str, Any]) -> Space:
    """``learning_rate=1e-5..1e-2:log,width=8|16|32`` by name; ``types`` has a type for each name.

    Bounds are for numbers, choices for all types. Raises ``ConfigError`` with every fault.
    """
    space: Space = {}
    faults = []
    for entry in filter(None, (part.strip() for part in text.split(","))):
        name, _, values = (word.strip() for word in entry.partition("="))
        if name not in types:
            faults.append(
                f"--space names {name!r}, which is no parameter a study can vary; choose among "
                f"{', '.join(types)}"
            )
        elif name in space:
            faults.append(f"--space names {name!r} twice; name it once")
        else:
            try:
                space[name] = _values(values, types[name])
            except ValueError as fault:
                faults.append(f"--space has {entry!r}: {fault}; {SYNTAX}")
    if not space and not faults:
        faults.append(f"--space is empty; {SYNTAX}")
    if faults:
        raise ConfigError("; ".join(faults))
    return space


def _values(text: str, kind: Any) -> Range | Choices:
    if ".." not in text:
        return Choices(tuple(_value(word.strip(), kind) for word in text.split("|")))
    if kind not in (int, float):
        raise ValueError("it has no numbers to lie between bounds, give choices")
    bounds, _, scale = text.partition(":")
    low, high = (_value(word.strip(), kind) for word in bounds.split("..", 1))
    if scale not in ("", "log"):
        raise ValueError(f"{scale!r} is no scale, the only one is log")
    if not low < high:
        raise ValueError("the lower bound must be below the upper one")
    if scale and not low > 0:
        raise ValueError("a logarithmic range must lie above 0")
    return Range(low, high, bool(scale), kind is int)


def _value(word: str, kind: Any) -> Any:
    known = get_args(kind)
    if not known:
        try:
            return kind(word)
        except ValueError:
            raise ValueError(f"{word!r} is no {kind.__name__}") from None
    if word not in known:
        raise ValueError(f"{word!r} is unknown, choose among {', '.join(known)}")
    return word
