"""Serve the dashboard over MLflow's runs."""

from entry_points._cli import main
from seglab.results.config import DashboardConfig

if __name__ == "__main__":
    main(DashboardConfig, "seglab.jobs.dashboard:dashboard", logs=False)
