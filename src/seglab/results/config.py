"""Parameters of reports; light to import, so that ``--help`` stays fast."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ReportConfig:
    """Makes the results table of an experiment in every format and logs it to MLflow."""

    experiment: str = "Default"
    """MLflow experiment whose evaluated runs are tabled."""
