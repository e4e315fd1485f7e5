"""Parameters of reports; light to import, so that ``--help`` stays fast."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ReportConfig:
    """Makes results tables, figures and verdicts in every format and logs them to MLflow."""

    experiment: str = "Default"
    """MLflow experiment whose evaluated runs are tabled."""
    run: str = ""
    """Id of a reproduce run: its table alone is made again, from what MLflow has of its rows."""
