"""Parameters of a training run; light to import, so that ``--help`` stays fast."""

from dataclasses import dataclass
from typing import Literal

from seglab.data.config import ANNOTATED, DatasetConfig, InputsName, SplitName
from seglab.errors import ConfigError

TaskName = Literal["auto", "mask", "superpixels"]
ModelName = Literal["unet", "can", "can_unet"]
Dilations = Literal["report", "chen"]
Norm = Literal["adaptive", "adaptive_original"]
TotalVariation = Literal["anisotropic", "isotropic", "squared"]
Schedule = Literal["constant", "halve", "drop"]
Precision = Literal["auto", "fp32", "bf16"]


@dataclass(frozen=True, kw_only=True)
class RecipeConfig(DatasetConfig):
    """What a network is, what it learns and how: all that makes one training differ from others."""

    split: SplitName = "published"
    """Who trains and who tests: published (the study's lists) or grouped (a scene stays on one
    side)."""
    pictures: int = 0
    """Pictures of each part that are used, at most, spread evenly over it; 0 takes all."""
    task: TaskName = "auto"
    """What is learnt: mask, superpixels (the picture painted by them, which the targets job makes),
    or auto: superpixels on coco and bsds500, the mask on all others."""
    inputs: InputsName = "rgb+guided"
    """What the network sees: RGB, a saliency map, or both stacked."""
    model: ModelName = "unet"
    """Network architecture: unet, can (context aggregation network) or can_unet (both)."""
    width: int = 0
    """Channels of the first level (UNet's level k has width·2^k); 0 is the model's own: 64 for
    unet, 24 for can and can_unet."""
    depth: int = 7
    """Layers of the CAN, at least 4."""
    dilations: Dilations = "report"
    """Form of the CAN: report (the superpixel study's) or chen (the paper's, with identity kernels;
    its network has depth 9)."""
    alpha: float = 0.2
    """Slope of the CAN's leaky rectifiers below 0."""
    norm: Norm = "adaptive"
    """The CAN's adaptive batch norm: adaptive, or adaptive_original (batch statistics always,
    epsilon 0.1: what the study really ran)."""
    epochs: int = 20
    """Passes over the training pictures."""
    batch_size: int = 1
    """Tiles or crops a step, over all GPUs."""
    accumulation: int = 1
    """Parts a batch is worked off in, one after the other: more need less memory."""
    learning_rate: float = 1e-4
    """Adam's step size."""
    schedule: Schedule = "constant"
    """Learning rate over the epochs: constant, halve (every schedule_epochs, not below 1e-4) or
    drop (to a tenth after schedule_epochs)."""
    schedule_epochs: int = 10
    """Epochs between two halvings, or before the drop."""
    tile: int = 512
    """Side of the square tiles pictures are cut into for masks, in pixels; a multiple of 16 for
    unet."""
    crop: int = 224
    """Side of the square crops that superpixels are learnt on, in pixels; a multiple of 16 for
    unet."""
    tv_weight: float = 0.0
    """Weight of the output's total variation, a mean over pixels and channels, in the loss of
    superpixels."""
    tv: TotalVariation = "anisotropic"
    """Form of the total variation: mean |∂x|+|∂y|, √(∂x²+∂y²) or ∂x²+∂y²."""
    seed: int = 0
    """Seed of initial weights, order of tiles and dropout."""
    precision: Precision = "auto"
    """Arithmetic: fp32, bf16, or auto (bf16 where the hardware is faster in it: GPUs since Ampere,
    CPUs with AMX, AMD's with AVX-512 for bf16, Arm's with bf16)."""
    device: str = "auto"
    """Where to compute: auto (the first GPU if there is one), cpu, cuda or cuda:N."""

    @property
    def learns(self) -> Literal["mask", "superpixels"]:
        """The task, with auto resolved."""
        if self.task == "auto":
            return "superpixels" if self.dataset in ANNOTATED else "mask"
        return self.task

    def __post_init__(self) -> None:
        faults = self.faults()
        if faults:
            raise ConfigError("; ".join(faults))

    def faults(self) -> list[str]:
        """What is wrong with the values, each in words that name the flag."""
        least = {"width": 0, "depth": 4, "epochs": 1, "batch_size": 1, "accumulation": 1}
        # Of 4 pixels' side, for a norm needs several values, and CAN+UNet's at half the size too.
        least |= {"schedule_epochs": 1, "pictures": 0, "tile": 4, "crop": 4, "tv_weight": 0}
        least |= {"seed": 0}
        faults = [
            f"--{name}={getattr(self, name)} must be at least {value}"
            for name, value in least.items()
            if not getattr(self, name) >= value
        ]
        side = "tile" if self.learns == "mask" else "crop"
        if self.model == "unet" and getattr(self, side) % 16:
            faults.append(
                f"--{side}={getattr(self, side)} must be a multiple of 16, as the UNet halves it "
                f"four times; try {max(16, round(getattr(self, side) / 16) * 16)}"
            )
        if self.accumulation > self.batch_size:
            faults.append(
                f"--accumulation={self.accumulation} is more parts than --batch_size="
                f"{self.batch_size} has samples"
            )
        if not self.learning_rate > 0:
            faults.append(f"--learning_rate={self.learning_rate} must be above 0")
        if not 0 <= self.alpha < 1:
            faults.append(f"--alpha={self.alpha} must be at least 0 and below 1")
        faults += [
            f"--{name}={getattr(self, name)} is of no use with {choice}: leave it out"
            for choice, names in self.unused().items()
            for name in names
            if getattr(self, name) != getattr(type(self), name)
        ]
        return faults

    def unused(self) -> dict[str, tuple[str, ...]]:
        """Fields that change nothing, by the choice that makes them so."""
        unused: dict[str, tuple[str, ...]] = {
            f"the task {self.learns}": (
                ("crop", "tv_weight", "tv") if self.learns == "mask" else ("tile",)
            )
        }
        if self.model == "unet":
            unused["--model=unet"] = ("depth", "dilations", "alpha", "norm")
        if self.schedule == "constant":
            unused["--schedule=constant"] = ("schedule_epochs",)
        return unused


@dataclass(frozen=True, kw_only=True)
class TrainConfig(RecipeConfig):
    """Trains a network on a prepared data set and logs the run to MLflow."""

    workers: int = 0
    """Processes that read tiles beside the training; 0 reads in the training process."""
    resume: str = ""
    """Id of a run to go on with, bit for bit, from its last checkpoint."""

    def faults(self) -> list[str]:
        """See ``RecipeConfig``."""
        wrong = [f"--workers={self.workers} must be at least 0"] if self.workers < 0 else []
        return super().faults() + wrong
