"""VGG16 with frozen weights, ready to be differentiated under any of the three rules."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from seglab.errors import WeightsError, all_faults
from seglab.networks.precision import exact_fp32
from seglab.saliency.config import Target
from seglab.saliency.mixed import MixedConv2d
from seglab.saliency.rules import Rectifier
from seglab.saliency.settings import Settings
from seglab.saliency.weights import State, check_state, digest_of_state, find_weights, read_state

BLOCKS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
CLASSES = 1000
DTYPES = {"fp32": torch.float32, "mixed": torch.float32, "bf16": torch.bfloat16}
"""Type of the weights, and so of the way forward, by precision."""


class Vgg16(nn.Module):
    """VGG16 (Simonyan and Zisserman 2015, configuration D) in torchvision's layout.

    The keys of its state dict are torchvision's: ``features.N.*`` and ``classifier.N.*``. All
    ReLUs are one ``rectifier``, whose rule the next backward pass follows. Dropout is off.
    """

    def __init__(
        self,
        label: str = "",
        digest: str = "",
        has_classifier: bool = True,
        precision: str = "fp32",
    ) -> None:
        super().__init__()
        self.precision = precision
        """Arithmetic: fp32, mixed (forward in fp32, backward in bf16) or bf16."""
        self.label = label
        """What to pass as ``weights`` to have these weights again."""
        self.digest = digest
        """Of all weights; two files with equal tensors have equal digests."""
        self.has_classifier = has_classifier
        self.rectifier = Rectifier()
        layers: list[nn.Module] = []
        conv = MixedConv2d if precision == "mixed" else nn.Conv2d
        channels = 3
        for block in BLOCKS:
            for width in block:
                layers += [conv(channels, width, 3, padding=1), self.rectifier]
                channels = width
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        self.pool = nn.AdaptiveAvgPool2d(7)
        # Identity stands where torchvision has dropout, so that keys are numbered alike.
        head = [
            *(nn.Linear(channels * 7 * 7, 4096), self.rectifier, nn.Identity()),
            *(nn.Linear(4096, 4096), self.rectifier, nn.Identity()),
            nn.Linear(4096, CLASSES),
        ]
        self.classifier = nn.Sequential(*(head if has_classifier else []))

    @property
    def device(self) -> torch.device:
        """Where the weights lie."""
        return next(self.parameters()).device

    @property
    def dtype(self) -> torch.dtype:
        """Type of the weights, and so of what goes in."""
        return next(self.parameters()).dtype

    def forward(self, x: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 1000"]:
        """Class logits (no softmax) of normalised pictures; h and w at least 32."""
        logits: Tensor = self.classifier(self.pool(self.features(x)).flatten(1))
        return logits

    def score(self, x: Float[Tensor, "b 3 h w"], target: Target) -> Float[Tensor, " b"]:
        """What each picture's saliency is the gradient of.

        class: its largest logit; features: the mean activation, after the ReLU, of its strongest
        channel of the last convolution, that is the channel with the largest such mean.
        """
        scores: Tensor = (
            self(x) if target == "class" else self.features[:-1](x).float().mean((2, 3))
        )
        # Not amax, which would split the gradient among equals.
        return scores.gather(1, scores.argmax(1, keepdim=True))[:, 0]


def load_vgg16(weights: str, precision: str = "fp32", device: torch.device | str = "cpu") -> Vgg16:
    """VGG16 with ``weights``, frozen, on ``device`` in ``precision``, channels last.

    From then on GPUs compute fp32 in full (``exact_fp32``).

    ``weights``: auto, imagenet, random or the path of a state dict, as in ``SaliencyConfig``.
    random is he-normal from a fixed seed and has convolutions only, so that target must be
    features: a dry run, its maps mean nothing. Raises ``WeightsError`` where the weights cannot be
    had or are not VGG16's; the text says what to pass instead.
    """
    exact_fp32()
    if weights == "random":
        label, state = weights, random_state()
    else:
        label, path = find_weights(weights)
        state = read_state(path)
        check_state(state, expected_state(), path)
    has_classifier = any(key.startswith("classifier.") for key in state)
    with torch.device("meta"):  # nothing is initialised that the weights replace anyway
        network = Vgg16(label, digest_of_state(state), has_classifier, precision)
    network.load_state_dict(state, assign=True)
    network.eval().requires_grad_(False)
    network.to(device, DTYPES[precision]).to(memory_format=torch.channels_last)
    for layer in network.features:
        if isinstance(layer, MixedConv2d):
            layer.prepare()
    return network


def load_matching(settings: Settings, device: torch.device | str = "cpu") -> Vgg16:
    """The very network that maps with ``settings`` were computed by, wherever its weights lie now.

    Raises ``WeightsError`` where neither the weights named in ``settings`` nor ``auto`` have its
    digest.
    """
    faults = []
    for weights in dict.fromkeys([settings.weights, "auto"]):
        try:
            network = load_vgg16(weights, settings.precision, device)
        except WeightsError as error:
            faults.append(f"weights={weights}: {error}")
            continue
        if network.digest == settings.weights_digest:
            return network
        faults.append(f"weights={weights}: {network.label} has the digest {network.digest}")
    raise WeightsError(
        all_faults(
            f"the VGG16 weights with the digest {settings.weights_digest} were not found",
            faults,
            "Name their file: SEGLAB_VGG16_WEIGHTS=/path/to/file",
        )
    )


def expected_state() -> State:
    """Names and shapes of all weights, holding no values."""
    with torch.device("meta"):
        return Vgg16().state_dict()


def random_state() -> State:
    """He-normal weights (He et al. 2015) and zero biases of the convolutions, from a fixed seed."""
    generator = torch.Generator().manual_seed(0)
    state = {}
    for name, value in expected_state().items():
        if name.startswith("features."):
            state[name] = torch.zeros(value.shape)
            if value.dim() > 1:
                std = math.sqrt(2 / value[0].numel())
                state[name].normal_(0, std, generator=generator)
    return state
