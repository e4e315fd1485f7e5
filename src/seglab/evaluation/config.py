"""Parameters of evaluation and prediction; light to import, so that ``--help`` stays fast."""

from dataclasses import dataclass

from seglab.data.config import PARTS, PartName
from seglab.errors import ConfigError

TABLE_THRESHOLD = 0.5
"""Threshold of the published tables (saliency study, evaluation notebook)."""


@dataclass(frozen=True, kw_only=True)
class EvaluateConfig:
    """Scores a trained run on whole pictures and logs the scores to that run."""

    run: str = ""
    """Id of the training run to evaluate."""
    data_dir: str = ""
    """Folder of its data set, maps and checkpoints, where that is another than in training; else
    empty."""
    splits: tuple[PartName, ...] = PARTS
    """Parts of the data set to score, comma-separated."""
    thresholds: tuple[float, ...] = (0.4, TABLE_THRESHOLD, 0.6)
    """Probabilities from which a pixel counts as object, comma-separated; 0.5 must be among them,
    for the tables show it."""
    pictures: int = 4
    """Pictures a part drawn as figures: image, truth, saliency, probability, thresholds."""

    def __post_init__(self) -> None:
        faults = []
        if not self.run:
            faults.append("--run is empty: give the id of a training run (the MLflow UI shows it)")
        if not self.splits:
            faults.append("--splits is empty: name at least one of train, val, test")
        if TABLE_THRESHOLD not in self.thresholds:
            faults.append(f"--thresholds must hold {TABLE_THRESHOLD}, the tables' threshold")
        faults += [
            f"--thresholds: {t} is not between 0 and 1" for t in self.thresholds if not 0 < t < 1
        ]
        if len(set(self.thresholds)) < len(self.thresholds):
            faults.append(f"--thresholds={self.thresholds} names a threshold twice")
        if self.pictures < 0:
            faults.append(f"--pictures={self.pictures} must not be negative")
        if faults:
            raise ConfigError("; ".join(faults))


@dataclass(frozen=True, kw_only=True)
class PredictConfig:
    """Segments pictures of any size with a trained network and writes their masks as PNG."""

    run: str = ""
    """Id of the training run whose best checkpoint predicts."""
    model: str = ""
    """MLflow model URI (models:/name@alias, runs:/id/model) to predict with, instead of a run."""
    checkpoint: str = ""
    """Checkpoint file (data/runs/<run>/best.pt) to predict with, instead of a run."""
    images: str = ""
    """Picture file, folder of pictures or s3:// prefix."""
    output: str = "masks"
    """Folder the masks are written to, as <picture>.png with 0 and 255."""

    def __post_init__(self) -> None:
        faults = []
        if sum(map(bool, (self.run, self.model, self.checkpoint))) != 1:
            faults.append("give one of --run, --model and --checkpoint")
        if not self.images:
            faults.append("--images is empty: give a picture, a folder or an s3:// prefix")
        if faults:
            raise ConfigError("; ".join(faults))
