"""Where VGG16's weights come from, and whether they are VGG16's."""

import http.client
import os
import pickle
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor

from seglab.data.files import digest_array, digest_of
from seglab.errors import NoWeightsError, WeightsError, all_faults

State = Mapping[str, Tensor]

VARIABLE = "SEGLAB_VGG16_WEIGHTS"
URL = "https://download.pytorch.org/models/vgg16-397923af.pth"
SHA256_PREFIX = "397923af"
PATIENCE = 5.0
"""Seconds the download server may be silent before it counts as out of reach."""


def find_weights(weights: str) -> tuple[str, Path]:
    """Label and file of ``weights``: auto, imagenet (downloaded if need be) or a path."""
    if weights == "auto":
        weights = os.environ.get(VARIABLE) or "imagenet"
        source = VARIABLE
    else:
        source = "--weights"
    if weights == "imagenet":
        return weights, pretrained()
    path = Path(weights).expanduser().absolute()
    if not path.is_file():
        raise WeightsError(
            f"{source}={weights}: there is no such file; give auto, imagenet, random or the path "
            "of a VGG16 state dict"
        )
    return str(path), path


def pretrained() -> Path:
    """torchvision's ImageNet weights in torch's cache, downloaded first if they are not there.

    Raises ``NoWeightsError`` within seconds where there is no network.
    """
    path = Path(torch.hub.get_dir()) / "checkpoints" / URL.rsplit("/", 1)[-1]
    if path.is_file():
        return path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with patience(PATIENCE):
            torch.hub.download_url_to_file(URL, str(path), hash_prefix=SHA256_PREFIX)
    except (OSError, RuntimeError, http.client.HTTPException) as error:
        raise NoWeightsError(
            f"no pretrained VGG16 weights: {path} does not exist and {URL} could not be "
            f"downloaded ({error}). Either\n"
            f"  - download {URL} elsewhere and put it there as {path},\n"
            f"  - or name the file: {VARIABLE}=/path/to/vgg16.pth or -P weights=/path/to/vgg16.pth,"
            "\n  - or try seglab out with meaningless maps: -P weights=random -P target=features"
        ) from error
    return path


@contextmanager
def patience(seconds: float) -> Iterator[None]:
    """Sockets opened inside give up after ``seconds`` of silence."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def read_state(path: Path) -> dict[str, Tensor]:
    """The tensors of a state dict in fp32; read with ``weights_only``, so that no code is run."""
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise WeightsError(
            f"{path} is no state dict: it is damaged, or holds more than tensors and was not read, "
            "for reading it could run code; save the network's state_dict()"
        ) from error
    except (RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        raise WeightsError(
            f"{path} is damaged ({type(error).__name__}): delete it and fetch it again"
        ) from error
    if not isinstance(state, Mapping) or not all(
        isinstance(value, Tensor) and value.is_floating_point() for value in state.values()
    ):
        raise WeightsError(f"{path} holds no plain state dict; save the network's state_dict()")
    return {name: value.float().contiguous() for name, value in state.items()}


def check_state(state: State, expected: State, path: Path) -> None:
    """Raises ``WeightsError`` listing every weight that is missing, odd or not finite.

    The classifier may be missing, as a whole.
    """
    if not any(name.startswith("classifier.") for name in state):
        expected = {name: v for name, v in expected.items() if not name.startswith("classifier.")}
    faults = [f"{name} is missing" for name in expected if name not in state]
    for name, value in state.items():
        if name not in expected:
            faults.append(f"{name} is not a weight of VGG16")
        elif value.shape != expected[name].shape:
            shape, right = tuple(value.shape), tuple(expected[name].shape)
            faults.append(f"{name} has the shape {shape}, not {right}")
        elif not value.sum().isfinite():
            faults.append(f"{name} holds NaN or infinity")
    if faults:
        remedy = "Give a state dict of torchvision's vgg16 (without batch norm)."
        raise WeightsError(all_faults(f"{path} does not fit VGG16", faults, remedy, shown=10))


def digest_of_state(state: State) -> str:
    """Digest of names, shapes and values, whatever the order or the file they come in."""
    return digest_of(
        *(part for name in sorted(state) for part in (name, digest_array(state[name].numpy())))
    )
