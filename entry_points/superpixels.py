"""Segment pictures into superpixels and judge them."""

from entry_points._cli import main
from seglab.superpixels.config import SuperpixelsConfig

if __name__ == "__main__":
    main(SuperpixelsConfig, "seglab.jobs.superpixels:superpixels", reads=lambda config: config.run)
