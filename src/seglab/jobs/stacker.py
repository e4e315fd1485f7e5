"""A trained network's input, made of any picture."""

import numpy as np
import torch
from jaxtyping import UInt8

from seglab.data.inputs import parse_inputs, stack
from seglab.saliency.maps import saliency_maps
from seglab.saliency.settings import Settings
from seglab.saliency.vgg import load_matching
from seglab.training.checkpoint import About


class Stacker:
    """Stacks the channels that a network was trained on, for pictures it never saw.

    Saliency maps are made with the weights and settings of the training, or not at all: raises
    ``WeightsError`` if these weights cannot be had.
    """

    def __init__(self, about: About, device: torch.device) -> None:
        self.inputs = parse_inputs(about.config["inputs"])
        self.settings = Settings.from_dict(about.saliency) if about.saliency else None
        self.vgg = load_matching(self.settings, device) if self.settings else None

    def __call__(self, image: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "h w c"]:
        """RGB first, then the saliency map, as far as the network's inputs have them."""
        saliency = None
        if self.vgg is not None and self.settings is not None and self.inputs.rule is not None:
            saliency = saliency_maps(self.vgg, image, [self.inputs.rule], self.settings)[
                self.inputs.rule
            ]
        return stack(self.inputs, image, saliency)
