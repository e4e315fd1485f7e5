"""The prepare job: a data set as published → checked pictures, ready for memory-mapped reading."""

from dataclasses import asdict

from seglab.data.config import PrepareConfig
from seglab.data.prepare import prepare as prepare_data
from seglab.errors import counted
from seglab.jobs.describe import log_pictures
from seglab.tracking.run import start_run


def prepare(config: PrepareConfig) -> None:
    """Checks and stores the data set and logs what it holds."""
    with start_run(f"prepare {config.dataset}", params=asdict(config)) as run:
        pictures = prepare_data(config)
        log_pictures(run, pictures, "prepared")
        count = counted(len(pictures.pictures), "picture")
        print(f"{pictures.title}: {count} in {pictures.folder}")
