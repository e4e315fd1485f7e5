"""Tell what a prepared data set is like."""

from entry_points._cli import main
from seglab.data.config import DatasetConfig

if __name__ == "__main__":
    main(DatasetConfig, "seglab.jobs.characteristics:characteristics")
