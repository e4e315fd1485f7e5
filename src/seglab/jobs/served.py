"""A trained network as an MLflow model: what ``mlflow.pyfunc`` calls to load and to predict."""

import base64
import binascii
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float32, UInt8

from seglab.data.decode import decode_image, encode_png
from seglab.data.inputs import parse_inputs
from seglab.errors import DataError
from seglab.evaluation.config import TABLE_THRESHOLD
from seglab.evaluation.predict import colours, probabilities
from seglab.evaluation.scores import binarise
from seglab.jobs.stacker import Stacker
from seglab.networks.precision import exact_fp32
from seglab.tracking.serving import answering
from seglab.training.checkpoint import About, Trained, load_best

IMAGE = "image"
"""The column that pictures come in."""


def answers(about: About) -> tuple[str, ...]:
    """Names of what a network gives back for each picture."""
    return ("mask", "probability") if about.classes == 1 else ("painted",)


class Served:
    """A network that turns pictures of any size into masks and probabilities, or painted pictures.

    It computes on the first GPU if there is one, always in fp32 (and has PyTorch do so in its
    process), so that every machine answers alike; bf16 saves time where a whole data set is
    evaluated, not on a few pictures.
    """

    def __init__(self, trained: Trained) -> None:
        exact_fp32()
        self.about = trained.about
        self.inputs = parse_inputs(self.about.config["inputs"])
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.network = trained.network.to(self.device)

    def predict(self, data: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """What the network makes of the pictures in the column ``image``, a row each.

        A picture is a file (PNG or another format that ``data.decode`` reads) as bytes or base64,
        or whole numbers 0 to 255 of shape (h, w, 3), or stacked as the network was trained:
        (h, w, c), RGB first, then saliency. Saliency that does not come along is computed, which
        needs the VGG16 weights of the training.

        Columns as in ``answers``. For a file they are PNGs in base64: the mask with 0 and 255,
        255·probability. For numbers they are numbers: the mask with 0 and 1, the probability and
        painted colours in [0, 1]. Raises what MLflow answers 400 for if a picture is none of
        these. ``params`` belongs to MLflow's interface; there are none.
        """
        rows: list[Mapping[str, object]] = []
        for number, given in enumerate(data[IMAGE]):
            with answering(f"picture {number}"):
                if isinstance(given, str | bytes):
                    found = self._answer(self._stacked(decode_image(decoded(given), "it")))
                    rows.append({name: png(values) for name, values in found.items()})
                else:
                    rows.append(self._answer(self._channels(numbers(given))))
        return pd.DataFrame(rows, columns=list(answers(self.about)))

    def _channels(self, pixels: UInt8[np.ndarray, "h w c"]) -> UInt8[np.ndarray, "h w c"]:
        if pixels.shape[2] == self.inputs.channels:
            return pixels
        if pixels.shape[2] == 3:
            return self._stacked(pixels)
        raise DataError(
            f"it has {pixels.shape[2]} channels; give 3 of RGB, or the {self.inputs.channels} that "
            f"the network was trained on ({self.inputs.title})"
        )

    def _stacked(self, image: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "h w c"]:
        return image if self.inputs.name == "rgb" else self._stacker(image)

    @cached_property
    def _stacker(self) -> Stacker:
        return Stacker(self.about, self.device)

    def _answer(self, x: UInt8[np.ndarray, "h w c"]) -> dict[str, np.ndarray]:
        if self.about.classes > 1:
            return {"painted": colours(self.network, x, self.device)}
        p = probabilities(self.network, x, self.about.config["tile"], self.device, "fp32", 1)
        # Judged by the eight bits that are stored, as everywhere.
        mask = binarise(eight_bits(p), TABLE_THRESHOLD).astype(np.uint8)
        return {"mask": mask, "probability": p}


def decoded(given: str | bytes) -> bytes:
    """The bytes of a file; raises ``DataError`` for a text that is no base64."""
    if isinstance(given, bytes):
        return given
    try:
        return base64.b64decode(given, validate=True)
    except (binascii.Error, ValueError) as fault:
        raise DataError(f"it is no base64 ({fault}); encode the bytes of a PNG file") from None


def numbers(given: object) -> UInt8[np.ndarray, "h w c"]:
    """The pixels that nested lists or an array hold; raises ``DataError`` if they are none."""
    try:
        values = np.asarray(given)
    except ValueError:
        raise DataError("it is an array with rows of unequal length") from None
    if values.ndim != 3 or 0 in values.shape or values.dtype.kind not in "ui":
        raise DataError(
            f"it is {values.dtype} of shape {values.shape}; give a PNG file in base64, or whole "
            "numbers 0 to 255 of shape (height, width, channels)"
        )
    if values.min() < 0 or values.max() > 255:
        raise DataError(f"it has values {values.min()} to {values.max()}, which must be 0 to 255")
    return values.astype(np.uint8)


def eight_bits(values: Float32[np.ndarray, "h w *k"]) -> UInt8[np.ndarray, "h w *k"]:
    """Values in [0, 1] as 255·value, rounded."""
    return np.rint(255 * values).astype(np.uint8)


def png(values: np.ndarray) -> str:
    """A mask, probabilities or colours as a PNG file in base64."""
    pixels = values * np.uint8(255) if values.dtype == np.uint8 else eight_bits(values)
    return base64.b64encode(encode_png(pixels)).decode()


def _load_pyfunc(path: str) -> Served:
    """The model whose checkpoint lies at ``path``; MLflow looks this function up by its name."""
    return Served(load_best(Path(path)))
