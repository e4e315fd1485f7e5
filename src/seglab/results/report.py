"""All that a report shows, before it takes the form of a file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from seglab.results.table import ResultsTable
from seglab.results.verdicts import Verdict


@dataclass(frozen=True)
class Report:
    """Tables, verdicts and pictures of an experiment or of a reproduction."""

    tables: Sequence[ResultsTable]
    title: str = "Segmentation results"
    remarks: Sequence[str] = ()
    """What to know before reading the numbers: their scale, rows that failed."""
    verdicts: Sequence[Verdict] = ()
    pictures: Mapping[str, bytes] = field(default_factory=dict)
    """PNG files by caption."""
