"""Write masks for pictures of any size."""

from entry_points._cli import main
from seglab.evaluation.config import PredictConfig

if __name__ == "__main__":
    main(PredictConfig, "seglab.jobs.predict:predict", reads=lambda config: not config.checkpoint)
