"""Paint every picture of a data set by the mean colours of its superpixels, into the cache."""

from entry_points._cli import main
from seglab.superpixels.config import TargetsConfig

if __name__ == "__main__":
    main(TargetsConfig, "seglab.jobs.targets:targets")
