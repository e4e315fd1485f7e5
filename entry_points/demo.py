"""The demo, which is what plain mlflow run does."""

from entry_points._cli import main
from seglab.jobs.config import DemoConfig

if __name__ == "__main__":
    main(DemoConfig, "seglab.jobs.demo:demo")
