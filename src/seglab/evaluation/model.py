"""A trained network as an MLflow model: what ``mlflow.pyfunc`` calls to load and to predict."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32

from seglab.data.inputs import parse_inputs
from seglab.errors import DataError
from seglab.evaluation.predict import colours, probabilities
from seglab.training.checkpoint import Trained, load_best


class Served:
    """A network that turns stacked pictures of any size into object probabilities or colours.

    It computes on the first GPU if there is one, always in fp32, so that every machine answers
    alike; bf16 saves time where a whole data set is evaluated, not on a few pictures.
    """

    def __init__(self, trained: Trained) -> None:
        self.about = trained.about
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.network = trained.network.to(self.device)

    def predict(
        self, data: np.ndarray, params: dict[str, Any] | None = None
    ) -> Float32[np.ndarray, "n h w *k"]:
        """What the network makes of a batch of stacked pictures (RGB, then saliency).

        Object probabilities in [0, 1], or of a network that learnt superpixels RGB in [0, 1].

        Raises ``DataError`` if the batch is not of the type and channels the network was trained
        on. ``params`` belongs to MLflow's interface; there are none.
        """
        inputs = parse_inputs(self.about.config["inputs"])
        if data.dtype != np.uint8 or data.ndim != 4 or data.shape[-1] != inputs.channels:
            raise DataError(
                f"the model got {data.dtype} of shape {data.shape}; it takes uint8 of shape "
                f"(n, h, w, {inputs.channels}): {inputs.title}, values 0 to 255"
            )
        if self.about.classes > 1:
            return np.stack([colours(self.network, one, self.device) for one in data])
        tile = self.about.config["tile"]
        return np.stack(
            [probabilities(self.network, one, tile, self.device, "fp32", 1) for one in data]
        )


def _load_pyfunc(path: str) -> Served:
    """The model whose checkpoint lies at ``path``; MLflow looks this function up by its name."""
    return Served(load_best(Path(path)))
