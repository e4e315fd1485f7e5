"""Train a network and log the run to MLflow."""

from entry_points._cli import main
from seglab.training.config import TrainConfig

if __name__ == "__main__":
    main(TrainConfig, "seglab.jobs.train:train")
