"""The demo, which is what plain mlflow run does."""

from entry_points._cli import always, main
from seglab.jobs.config import DemoConfig

if __name__ == "__main__":
    main(DemoConfig, "seglab.jobs.demo:demo", reads=always)
