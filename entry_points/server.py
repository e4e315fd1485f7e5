"""Serve runs, artifacts and the MLflow UI."""

from entry_points._cli import main
from seglab.tracking.config import ServerConfig

if __name__ == "__main__":
    main(ServerConfig, "seglab.jobs.server:serve", logs=False)
