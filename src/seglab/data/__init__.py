"""Pictures on disk → checked pairs, splits, tiles and stacked network inputs."""
