"""Pictures shared out over workers that fill one cache."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from tqdm import tqdm

from seglab.data.pictures import PictureSet, open_pictures
from seglab.data.shared import anywhere, here
from seglab.launching.crew import Crew, Watch
from seglab.launching.launch import launch

PER_WORKER = 4
"""Shares of each worker, so that a slow one does not hold up the others for long."""
Fill = Callable[[Any, PictureSet, list[str]], int]
"""Fills the cache for the pictures of these names, and returns how much it computed."""


@dataclass(frozen=True)
class Share:
    """Fills the cache where a worker is; can be pickled."""

    config: Any
    """Parameters of the job."""
    fill: Fill

    def __call__(self, names: list[str]) -> int:
        """How much was computed for these pictures."""
        return self.fill(
            self.config, open_pictures(self.config.data_dir, self.config.dataset), names
        )


def fill_by_workers(config: Any, pictures: PictureSet, fill: Fill, gpus: float) -> int:
    """Has the workers that ``config`` asks for fill the cache; returns how much they computed.

    Shares of a worker that was killed are given to another one, and begin where they were.
    """
    names = [picture.name for picture in pictures.pictures]
    size = -(-len(names) // (PER_WORKER * config.workers))
    shares = [names[start : start + size] for start in range(0, len(names), size)]
    computed: list[int] = []
    with tqdm(total=len(names), unit="picture", desc=f"{config.workers} workers") as bar:

        def ended(index: int, count: int) -> None:
            computed.append(count)
            bar.update(len(shares[index]))

        crew = Crew(config.workers, here(config.data_dir).absolute() / "logs", gpus=gpus)
        work = Share(replace(config, data_dir=anywhere(config.data_dir)), fill)
        launch(config, work, shares, crew, Watch(ended=ended, glance=bar.refresh))
    return sum(computed)
