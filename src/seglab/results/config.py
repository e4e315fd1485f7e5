"""Parameters of reports; light to import, so that ``--help`` stays fast."""

from dataclasses import dataclass

from seglab.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class ReportConfig:
    """Makes results tables, figures and verdicts in every format and logs them to MLflow."""

    experiment: str = "Default"
    """MLflow experiment whose evaluated runs are tabled."""
    run: str = ""
    """Id of a reproduce run: its table alone is made again, from what MLflow has of its rows. Or of
    a study: its figures and best trial so far are logged to it."""


DATA_DIR, UI = "SEGLAB_DASHBOARD_DATA", "SEGLAB_DASHBOARD_UI"
"""How the app, which Streamlit starts, is told data_dir and ui."""


@dataclass(frozen=True, kw_only=True)
class DashboardConfig:
    """Serves the dashboard: tables, curves, pictures and studies of the store's runs, compared."""

    host: str = "127.0.0.1"
    """Address to listen on; 0.0.0.0 lets other machines in."""
    port: int = 8501
    """Port to listen on."""
    data_dir: str = "data"
    """Folder of prepared data sets, whose photos, masks and saliency maps are shown."""
    ui: str = ""
    """Address of an MLflow UI that links lead to; empty is the tracking server itself, and none
    where the store is a database."""

    def __post_init__(self) -> None:
        if not 0 < self.port < 65536:
            raise ConfigError(f"--port={self.port} is no port: give one from 1 to 65535")
