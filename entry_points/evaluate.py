"""Score a trained run on whole pictures."""

from entry_points._cli import always, main
from seglab.evaluation.config import EvaluateConfig

if __name__ == "__main__":
    main(EvaluateConfig, "seglab.jobs.evaluate:evaluate", reads=always)
