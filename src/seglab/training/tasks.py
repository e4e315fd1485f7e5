"""What a network learns: a mask, or a picture painted by its superpixels."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F  # noqa: N812
from jaxtyping import Float, UInt8
from torch import Tensor

from seglab.training.config import TrainConfig
from seglab.training.losses import TOTAL_VARIATIONS
from seglab.training.metrics import psnr, tile_scores

Outputs = Float[Tensor, "b k h w"]


class Task(ABC):
    """Everything that depends on what is learnt; any network serves any task."""

    classes: ClassVar[int]
    """Channels of the network's output."""
    adam_epsilon: ClassVar[float]
    """Of the optimiser, as the study of this task had it."""

    @property
    @abstractmethod
    def labels(self) -> Mapping[str, str]:
        """What each metric of an epoch is called in figures: the loss, then the scores."""

    @abstractmethod
    def target(self, y: UInt8[Tensor, "*b k h w"]) -> Float[Tensor, "*b k h w"]:
        """A sample's ``y`` in the range of the outputs: [0, 1]."""

    @abstractmethod
    def loss(self, outputs: Outputs, target: Outputs) -> Float[Tensor, ""]:
        """What training lowers: a mean over the batch."""

    def validation_loss(self, outputs: Outputs, target: Outputs) -> Float[Tensor, ""]:
        """What chooses the best epoch: the loss, where a task does not say otherwise."""
        return self.loss(outputs, target)

    @abstractmethod
    def scores(self, outputs: Outputs, target: Outputs) -> dict[str, Float[Tensor, " b"]]:
        """The scores of each sample."""

    @abstractmethod
    def shown(self, outputs: Outputs) -> Float[Tensor, "b k h w"]:
        """Outputs as values in [0, 1], ready to be seen."""


class Mask(Task):
    """One mask of logits: binary cross-entropy over whole padded tiles, IoU and Dice at 0.5."""

    classes = 1
    adam_epsilon = 1e-7  # Keras' default

    @property
    def labels(self) -> Mapping[str, str]:
        """See ``Task``."""
        return {
            "loss": "binary cross-entropy",
            "iou": "intersection over union",
            "dice": "Dice similarity coefficient",
        }

    def target(self, y: UInt8[Tensor, "*b k h w"]) -> Float[Tensor, "*b k h w"]:
        """0 and 1 as they are."""
        return y.float()

    def loss(self, outputs: Outputs, target: Outputs) -> Float[Tensor, ""]:
        """Mean binary cross-entropy of logits."""
        return F.binary_cross_entropy_with_logits(outputs, target)

    def scores(self, outputs: Outputs, target: Outputs) -> dict[str, Float[Tensor, " b"]]:
        """IoU and Dice of each tile."""
        iou, dice = tile_scores(outputs, target)
        return {"iou": iou, "dice": dice}

    def shown(self, outputs: Outputs) -> Float[Tensor, "b k h w"]:
        """Probabilities."""
        return outputs.sigmoid()


@dataclass(frozen=True)
class Painting(Task):
    """A picture painted by its superpixels: mean squared error on [0, 1], and total variation.

    Validation leaves the total variation out, as the study did.
    """

    tv_weight: float
    tv: str
    classes = 3
    adam_epsilon = 1e-8  # PyTorch's default

    @property
    def labels(self) -> Mapping[str, str]:
        """See ``Task``."""
        labels = {"loss": "mean squared error", "psnr": "peak signal-to-noise ratio (dB)"}
        if self.tv_weight:
            labels["loss"] += " (training: + total variation)"
        return labels

    def target(self, y: UInt8[Tensor, "*b k h w"]) -> Float[Tensor, "*b k h w"]:
        """Colours in [0, 1]."""
        return y.float() / 255

    def loss(self, outputs: Outputs, target: Outputs) -> Float[Tensor, ""]:
        """Mean squared error, and ``tv_weight`` times the total variation of the output."""
        error = F.mse_loss(outputs, target)
        if not self.tv_weight:
            return error
        return error + self.tv_weight * TOTAL_VARIATIONS[self.tv](outputs)

    def validation_loss(self, outputs: Outputs, target: Outputs) -> Float[Tensor, ""]:
        """Mean squared error."""
        return F.mse_loss(outputs, target)

    def scores(self, outputs: Outputs, target: Outputs) -> dict[str, Float[Tensor, " b"]]:
        """Peak signal-to-noise ratio of each crop, in dB."""
        return {"psnr": psnr(self.shown(outputs), target)}

    def shown(self, outputs: Outputs) -> Float[Tensor, "b k h w"]:
        """Colours, cut off at 0 and 1."""
        return torch.clamp(outputs, 0, 1)


def task_of(config: TrainConfig) -> Task:
    """The task ``config`` names."""
    if config.learns == "mask":
        return Mask()
    return Painting(config.tv_weight, config.tv)
