"""Checkpoints: written whole or not at all, read without running code."""

import pickle
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import torch
from torch import nn

from seglab.data.files import atomic_write
from seglab.errors import CheckpointError, all_faults
from seglab.networks.build import build

FORMAT = 2
"""Raised when a checkpoint's keys change meaning, so that an old one is refused, not misread."""
REMEDY = "take a copy of it, or another one, or train again"

LAST, BEST = "last.pt", "best.pt"

SHAPE = ("model", "width", "depth", "dilations", "alpha", "norm")
"""Fields of the config that make a network, beside its channels and classes."""


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
    if not path.is_file():
        raise CheckpointError(f"no checkpoint at {path}")
    refuse_damaged(path)
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise CheckpointError(
            f"{path} holds more than tensors and plain values and was not read, for reading it "
            "could run code; use a checkpoint written by seglab"
        ) from None
    except (RuntimeError, EOFError, OSError) as error:
        raise _damaged(path, str(error).splitlines()[0]) from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise CheckpointError(f"{path} is no seglab checkpoint of format {FORMAT}; train again")
    known = {field.name for field in fields(About)}
    if "model" not in content or set(content.get("about", ())) != known:
        raise CheckpointError(f"{path} lacks its weights or what they were trained from; {REMEDY}")
    return content


def refuse_damaged(path: Path) -> None:
    """Raises ``CheckpointError`` unless every byte of the file is as it was written.

    ``torch.load`` leaves the checksums unread that ``torch.save`` writes: of files with one flipped
    bit it reads two out of three, with other weights.
    """
    try:
        with zipfile.ZipFile(path) as file:
            reason = f"the checksum of {damaged} is wrong" if (damaged := file.testzip()) else ""
    except Exception as error:  # of a damaged file, zipfile raises anything
        reason = str(error) or repr(error)
    if reason:
        raise _damaged(path, reason)


def _damaged(path: Path, reason: str) -> CheckpointError:
    return CheckpointError(f"{path} is damaged or no checkpoint ({reason}); {REMEDY}")


def fill(network: nn.Module, content: Mapping[str, Any], path: Path) -> None:
    """Gives ``network`` the weights in ``content``, which was read from ``path``.

    Raises ``CheckpointError`` listing the weights that do not fit.
    """
    wanted, found = (
        {name: tuple(v.shape) for name, v in state.items()}
        for state in (network.state_dict(), content["model"])
    )
    faults = [
        f"{name} has the shape {found.get(name, 'none')}, not {wanted.get(name, 'none')}"
        for name in {**wanted, **found}
        if wanted.get(name) != found.get(name)
    ]
    if faults:
        heading = f"{path} was written by another version of seglab, or by hand"
        raise CheckpointError(all_faults(heading, faults, f"{REMEDY.capitalize()}.", shown=5))
    network.load_state_dict(content["model"])


def refuse_another(content: Mapping[str, Any], about: About, path: Path) -> None:
    """Raises ``CheckpointError`` listing what makes the network of ``content`` another one."""
    stored = About(**content["about"])
    pairs = {name: (stored.config.get(name), about.config[name]) for name in SHAPE}
    pairs |= {
        name: (getattr(stored, name), getattr(about, name)) for name in ("channels", "classes")
    }
    differing = [
        f"{name} is {there}, not {here}" for name, (there, here) in pairs.items() if there != here
    ]
    if differing:
        raise CheckpointError(
            f"{path} is of another network: {'; '.join(differing)}. Give the parameters it was "
            "trained with, or take another folder"
        )


def load_best(path: Path) -> Trained:
    """The network of a best checkpoint, or a last one, in evaluation mode on the CPU."""
    content = load(path)
    about = About(**content["about"])
    network = network_of(about)
    fill(network, content, path)
    epoch = content["epoch"] if "epoch" in content else content["progress"]["epoch"]
    return Trained(network.eval(), about, epoch)


def told_anew(path: Path, about: About) -> None:
    """A checkpoint at ``path``, if there is one, tells of ``about``, whose data may have moved."""
    if path.is_file():
        save(path, load(path) | {"about": asdict(about)})


def network_of(about: About) -> nn.Module:
    """The network that ``about`` tells of, freshly initialised."""
    shape = {name: about.config[name] for name in SHAPE}
    return build(channels=about.channels, classes=about.classes, **shape)
