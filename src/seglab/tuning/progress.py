"""How far a study is, for the terminal."""

from typing import Self

from tqdm import tqdm

from seglab.tuning.ledger import read_ledger
from seglab.tuning.results import best_trial
from seglab.tuning.study import Opened


class Bar:
    """Trials ended and to come, the best value so far, and the time left."""

    def __init__(self, opened: Opened) -> None:
        self.opened = opened
        self.bar = tqdm(
            total=opened.config.wanted,
            initial=min(self.ended(), opened.config.wanted),
            unit="trial",
            desc=opened.config.name,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *fault: object) -> None:
        self.bar.close()

    def ended(self) -> int:
        """Trials that have ended for good."""
        return read_ledger(self.opened.study, self.opened.config.retries).ended

    def show(self) -> None:
        """Draws the bar anew."""
        ended = self.ended()
        best = best_trial(self.opened.study)
        if best is not None and best.value is not None:
            said = f"best {self.opened.config.score} {best.value:.4g} (trial {best.number})"
            self.bar.set_postfix_str(said, refresh=False)
        self.bar.update(ended - self.bar.n)
        self.bar.refresh()
