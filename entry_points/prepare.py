"""Check a data set as published and store it for training."""

from entry_points._cli import main
from seglab.data.config import PrepareConfig

if __name__ == "__main__":
    main(PrepareConfig, "seglab.jobs.prepare:prepare")
