"""Parameters of the saliency room; light to import, so that ``--help`` stays fast."""

from dataclasses import dataclass
from typing import Literal

from seglab.data.config import DatasetConfig
from seglab.data.config import Rule as Rule
from seglab.errors import ConfigError
from seglab.launching.config import LaunchConfig

RULES: tuple[Rule, ...] = ("backprop", "deconv", "guided")
Target = Literal["class", "features"]
Preprocessing = Literal["imagenet", "raw"]
Precision = Literal["auto", "fp32", "mixed", "bf16"]


@dataclass(frozen=True, kw_only=True)
class SaliencyConfig(DatasetConfig, LaunchConfig):
    """Computes VGG16 saliency maps of every picture of a data set into the cache."""

    rules: tuple[Rule, ...] = RULES
    """Backward rules, comma-separated: backprop, deconv, guided."""
    weights: str = "auto"
    """VGG16 weights: auto (torchvision's, from its cache or by download; SEGLAB_VGG16_WEIGHTS names
    a file instead), imagenet (the same without looking at SEGLAB_VGG16_WEIGHTS), random, or the
    path of a state dict."""
    target: Target = "class"
    """What is differentiated: class (largest logit of each patch) or features (mean activation of
    the strongest channel of the last convolution, for weights without a classifier)."""
    preprocessing: Preprocessing = "imagenet"
    """Network input: imagenet (RGB in [0,1], mean and std of ImageNet) or raw (RGB 0…255 as the
    original study did)."""
    patch: int = 224
    """Side of the square patches a picture is cut into, in pixels; each is normalised by itself."""
    batch_size: int = 16
    """Patches computed at once."""
    precision: Precision = "auto"
    """Arithmetic: fp32; mixed (forward in fp32, backward in bf16: the same maps); bf16 (other maps,
    by 1 to 4 grey levels at the median); or auto: mixed where the hardware is fast in bf16, else
    fp32."""
    workers: int = 1
    """Shares of the pictures computed at once; GPUs are shared out among them. Workers on other
    machines need data_dir on storage that all share."""

    def __post_init__(self) -> None:
        faults = self.launch_faults()
        if not self.rules:
            faults.append("--rules is empty: name at least one of backprop, deconv, guided")
        if self.patch < 32:
            faults.append(f"--patch={self.patch} is below 32, the least VGG16 can pool")
        if self.batch_size < 1:
            faults.append(f"--batch_size={self.batch_size} must be at least 1")
        if self.workers < 1:
            faults.append(f"--workers={self.workers} must be at least 1")
        if faults:
            raise ConfigError("; ".join(faults))
