"""Compute the saliency maps of a data set into the cache."""

from entry_points._cli import main
from seglab.saliency.config import SaliencyConfig

if __name__ == "__main__":
    main(SaliencyConfig, "seglab.jobs.saliency:saliency")
