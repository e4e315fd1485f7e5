"""Parameters of the tracking server; light to import, so that ``--help`` stays fast."""

from dataclasses import dataclass

from seglab.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class ServerConfig:
    """Serves runs, artifacts and the MLflow UI, to this machine or to a team."""

    store: str = ""
    """Database of the runs: sqlite:///file or postgresql://user:password@host/database; empty takes
    MLFLOW_BACKEND_STORE_URI, which keeps the password out of sight, or else mlflow.db in this
    folder."""
    artifacts: str = ""
    """Where files of runs are kept: a folder or s3://bucket/prefix, at the endpoint of
    MLFLOW_S3_ENDPOINT_URL; empty takes MLFLOW_ARTIFACTS_DESTINATION, or else the folder
    mlartifacts."""
    host: str = "127.0.0.1"
    """Address to listen at; 0.0.0.0 is every address of this machine."""
    port: int = 5000
    """Port to listen at; 0 takes a free one."""
    allowed_hosts: tuple[str, ...] = ()
    """Names or addresses that other machines reach the server by, comma-separated, *.lab.example
    for all of a domain; empty takes MLFLOW_SERVER_ALLOWED_HOSTS."""
    auth: bool = False
    """Whether users need a password. The administrator is made at the first start, from
    MLFLOW_AUTH_ADMIN_USERNAME (admin) and MLFLOW_AUTH_ADMIN_PASSWORD."""

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise ConfigError(f"--port={self.port} must be between 0 and 65535")
