"""Run the rows of the published tables and hold the studies' claims against them."""

from entry_points._cli import always, main
from seglab.jobs.config import ReproduceConfig

if __name__ == "__main__":
    main(ReproduceConfig, "seglab.jobs.reproduce:reproduce", reads=always)
