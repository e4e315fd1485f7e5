"""What a network sees: RGB, a saliency map, or both stacked; one name for each choice."""

from dataclasses import dataclass
from typing import get_args

import numpy as np
from jaxtyping import UInt8

from seglab.data.config import InputsName, Rule
from seglab.errors import choose

STUDY_TITLES: dict[Rule, str] = {"backprop": "NONE", "deconv": "DECONV", "guided": "GUIDED"}
"""The study names a map after the modifier of the ReLU's gradient; plain backprop has none."""


@dataclass(frozen=True)
class Inputs:
    """Channels of a network's input: three of RGB if ``rgb``, one of the map of ``rule`` if any."""

    name: str
    rgb: bool
    rule: Rule | None

    @property
    def channels(self) -> int:
        """1, 3 or 4."""
        return 3 * self.rgb + (self.rule is not None)

    @property
    def title(self) -> str:
        """The name that the study's tables print: ``RGB SAL MAP GUIDED`` for rgb+guided."""
        words = ["RGB"] if self.rgb else []
        if self.rule:
            words.append(f"SAL MAP {STUDY_TITLES[self.rule]}")
        return " ".join(words)


def parse_inputs(name: str) -> Inputs:
    """The inputs called ``name``; raises ``ConfigError`` listing the choices for any other name."""
    choose(name, "inputs", get_args(InputsName))
    parts = name.split("+")
    rule = next((rule for rule in STUDY_TITLES if rule in parts), None)
    return Inputs(name, rgb="rgb" in parts, rule=rule)


def stack(
    inputs: Inputs, image: UInt8[np.ndarray, "h w 3"], saliency_map: UInt8[np.ndarray, "h w"] | None
) -> UInt8[np.ndarray, "h w c"]:
    """Channels of ``inputs`` in the study's order, RGB first; ``saliency_map`` only if it has one.

    RGB alone is ``image`` itself, not a copy.
    """
    if inputs.rule is None:
        return image
    if saliency_map is None:
        raise ValueError(f"inputs {inputs.name!r} need a saliency map")
    if not inputs.rgb:
        return saliency_map[..., np.newaxis]
    return np.dstack([image, saliency_map])
