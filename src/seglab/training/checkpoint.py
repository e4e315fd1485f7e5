"""Checkpoints: written whole or not at all, read without running code."""

import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from seglab.data.files import atomic_write
from seglab.errors import CheckpointError
from seglab.networks.build import build

FORMAT = 2
"""Raised when a checkpoint's keys change meaning, so that an old one is refused, not misread."""

LAST, BEST = "last.pt", "best.pt"


@dataclass(frozen=True)
class About:
    """What a checkpoint was trained from and how, as plain values."""

    config: dict[str, Any]
    """Every field of ``TrainConfig``."""
    channels: int
    """Channels of the network's input."""
    classes: int
    """Channels of its output: 1 for a mask, 3 for a painted picture."""
    precision: str
    """Arithmetic it was trained in: fp32 or bf16."""
    data: dict[str, str]
    """Data set: name, title and digest."""
    saliency: dict[str, Any] | None
    """Settings of the saliency maps it was fed, if any."""
    targets: dict[str, Any] | None
    """Settings of the painted pictures it learnt, if any."""


@dataclass(frozen=True)
class Trained:
    """A trained network with what it was trained from."""

    network: nn.Module
    about: About
    epoch: int
    """Epoch whose weights these are, counted from 1."""


def save(path: Path, content: Mapping[str, Any]) -> None:
    """Writes ``content`` (tensors and plain values) to ``path``, replacing it in one step."""
    atomic_write(path, lambda file: torch.save({"format": FORMAT, **content}, file))


def load(path: Path) -> dict[str, Any]:
    """The content of ``path`` on the CPU; raises ``CheckpointError`` if it is not a checkpoint.

    Read with ``weights_only``: a file that would run code when unpickled is refused.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise CheckpointError(f"no checkpoint at {path}") from None
    except pickle.UnpicklingError:
        raise CheckpointError(
            f"{path} holds more than tensors and plain values and was not read, for reading it "
            "could run code; use a checkpoint written by seglab"
        ) from None
    except (RuntimeError, EOFError, OSError) as error:
        raise CheckpointError(
            f"{path} is damaged or no checkpoint ({str(error).splitlines()[0]}); use another one"
        ) from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise CheckpointError(f"{path} is no seglab checkpoint of format {FORMAT}; train again")
    return content


def load_best(path: Path) -> Trained:
    """The network of a best checkpoint, in evaluation mode on the CPU."""
    content = load(path)
    about = About(**content["about"])
    network = network_of(about)
    network.load_state_dict(content["model"])
    return Trained(network.eval(), about, content["epoch"])


def network_of(about: About) -> nn.Module:
    """The network that ``about`` tells of, freshly initialised."""
    names = ("model", "width", "depth", "dilations", "alpha", "norm")
    shape = {name: about.config[name] for name in names}
    return build(channels=about.channels, classes=about.classes, **shape)
