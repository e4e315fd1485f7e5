"""Real faults of connections, in sentences: nobody there, another program there, no certificate."""

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from mlflow import MlflowClient
from mlflow.store.artifact.mlflow_artifacts_repo import MlflowArtifactsRepository

from seglab.data.s3 import connect as connect_s3
from seglab.data.s3 import telling
from seglab.errors import DataError, TrackingError
from seglab.reasons import causes
from seglab.tracking.store import connect, told
from tests.s3 import free_ports


class Other(BaseHTTPRequestHandler):
    """A web server that is no MLflow: answers /<status>/… with that status."""

    def answer(self) -> None:
        self.send_response(int(self.path.split("/")[1]))
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"<p>\nx")

    do_GET = do_POST = do_PUT = answer  # noqa: N815

    def log_message(self, *values: object) -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def other() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Other)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def said(no_run: None, monkeypatch: pytest.MonkeyPatch):
    """What is told of a call into the store at an address."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")

    def of(address: str, call=lambda client: client.get_experiment("0")) -> str:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
        with pytest.raises(TrackingError) as caught, told("reading"):
            call(MlflowClient(address))
        text = str(caught.value)
        assert text.startswith(f"reading failed in the store {address} (MLFLOW_TRACKING_URI): ")
        assert not [raw for raw in ("HTTPConnection", "Errno", "API request") if raw in text]
        return text.partition("URI): ")[2]

    return of


def test_an_address_where_nobody_answers(said, other: str) -> None:
    (port,) = free_ports(1)
    remedy = "; start it (`make serve`), or correct the address"
    assert said(f"http://127.0.0.1:{port}") == f"nobody listens there{remedy}"
    unknown = said("http://no.such.host.invalid:5000")
    assert unknown == f"no machine of that name is known here{remedy}"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        slow = said(f"http://127.0.0.1:{silent.getsockname()[1]}")
    assert slow == f"no answer came in time{remedy}"
    assert said(f"https://{other}") == f"it does not speak TLS (https){remedy}"
    assert said("http://127.0.0.1:99999") == f"that is no address{remedy}"


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (200, "what answers there is no MLflow server; correct the address"),
        (404, "what answers there is no MLflow server; correct the address"),
        (403, "it does not let you do that; ask its administrator"),
        (413, "it, or a proxy before it, takes no file of that size; raise the limit there"),
        (500, "it has a fault of its own (status 500); look at what it printed"),
        (502, "the proxy before it finds nobody there (status 502); start it (`make serve`)"),
    ],
)
def test_an_answer_that_is_a_fault(said, other: str, status: int, sentence: str) -> None:
    assert said(f"http://{other}/{status}") == sentence


@pytest.mark.parametrize("what", ["runs", "files"])
def test_who_is_not_let_in_reads_which_variables_to_set(
    said, other: str, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    def files(client: MlflowClient) -> object:
        return MlflowArtifactsRepository("mlflow-artifacts:/0/a").list_artifacts()

    call = {"call": files} if what == "files" else {}
    text = said(f"http://{other}/401", **call)
    assert "export MLFLOW_TRACKING_USERNAME=… and MLFLOW_TRACKING_PASSWORD=…" in text
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "ada")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "not hers")
    text = said(f"http://{other}/401", **call)
    assert "knows no user 'ada' of this password; correct MLFLOW_TRACKING_USERNAME" in text


@pytest.mark.parametrize(
    ("uri", "sentence"),
    [
        ("postgresql://me:hidden@127.0.0.1:1/x", "Connection refused; start it, or correct host"),
        (
            "postgresql://me:hidden@no.such.host.invalid/x",
            "host.invalid': Name or service not known",
        ),
        ("mysql://me:hidden@there/x", "runs are not kept in mysql databases; write sqlite:///"),
        ("ftp://there", "no such kind of store is known; write http://host:port"),
    ],
)
def test_a_database_that_cannot_be_the_store(
    no_run: None, monkeypatch: pytest.MonkeyPatch, uri: str, sentence: str
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    with pytest.raises(TrackingError) as caught:
        connect()
    assert sentence in str(caught.value)
    assert "hidden" not in str(caught.value)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys of nobody."""
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "DEFAULT_REGION"):
        monkeypatch.setenv(f"AWS_{name}", "any")


@pytest.mark.parametrize(
    ("endpoint", "sentence"),
    [
        ("http://no.such.host.invalid", "no machine of that name is known here; start it, or cor"),
        ("s3.lab", "Invalid endpoint: s3.lab; correct the address of the bucket, or AWS_ENDPOINT"),
        (
            "http://{other}/404",
            "answered 404 (Not Found); check that AWS_ENDPOINT_URL is the addr",
        ),
    ],
)
def test_an_endpoint_that_is_none(
    aws: None, monkeypatch: pytest.MonkeyPatch, other: str, endpoint: str, sentence: str
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint.format(other=other))
    with pytest.raises(DataError) as caught, telling("s3://any/d"):
        connect_s3().list_objects_v2(Bucket="any")
    assert str(caught.value).startswith("s3://any/d cannot be read: ")
    assert sentence in str(caught.value)


def test_a_name_that_no_bucket_has(aws: None) -> None:
    with (
        pytest.raises(DataError, match="'My Data' is no name of a bucket; write s3://bucket/"),
        telling("s3://My Data/d"),
    ):
        connect_s3().list_objects_v2(Bucket="My Data")


def test_a_circle_of_causes_ends() -> None:
    first, second = ValueError("a"), ValueError("b")
    first.__cause__, second.__cause__ = second, first
    assert causes(first) == [first, second]
