"""What a saliency map depends on, beside the pixels and the rule."""

from dataclasses import dataclass

from seglab.data.computed import StoredSettings
from seglab.data.files import digest_of
from seglab.saliency.config import Preprocessing, Rule, Target

CODE_VERSION = "2"
"""Raised when the arithmetic or the file format changes, so that old maps are never taken."""


@dataclass(frozen=True, kw_only=True)
class Settings(StoredSettings):
    """Everything that determines a map beside pixels and rule; goes with every run that uses it."""

    weights: str
    """imagenet, random or a path: what to pass as ``weights`` to have these again."""
    weights_digest: str
    target: Target
    preprocessing: Preprocessing
    patch: int
    """Side of the square patches in pixels."""
    precision: str
    """Arithmetic that was used, auto resolved: fp32, mixed or bf16."""

    @property
    def digest(self) -> str:
        """Of all that changes a map; not of ``weights``, as a file's name changes nothing."""
        values = self.weights_digest, self.target, self.preprocessing, str(self.patch)
        return digest_of(*values, self.precision, CODE_VERSION)


def map_key(settings: Settings, rule: Rule, image_digest: str) -> str:
    """The name of a map: a digest of the pixels and of all that turned them into the map."""
    return digest_of(settings.digest, rule, image_digest)
