"""Search the best parameters: launch a study, or join it."""

from entry_points._cli import always, main
from seglab.tuning.config import TuneConfig

if __name__ == "__main__":
    main(TuneConfig, "seglab.jobs.tune:tune", reads=always)
