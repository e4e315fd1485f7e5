"""The tracking server as a process, over real databases and a real S3 server."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest
import requests
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.server import get_app_client
from optuna.storages import RDBStorage

from seglab.errors import TrackingError
from seglab.jobs.server import plan_serving
from seglab.tracking.config import ServerConfig
from seglab.tracking.reader import run_info
from tests.mlflow_server import copy_database
from tests.preloaded import Program
from tests.s3 import free_ports

ROOT = Path(__file__).parents[2]
ADMIN = ("admin", "a password of the tests")
MEMBER = ("ada", "another password of the tests")
RUNS = "api/2.0/mlflow/runs"


def start(folder, *flags, **variables):
    """The server as a process on a free port, with ``folder`` as its working folder."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("MLFLOW_", "AWS_"))}
    return subprocess.Popen(
        [sys.executable, "-m", "entry_points.server", "--port", "0", *flags],
        cwd=folder,
        env={
            **kept,
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]),
            **variables,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def answering(process):
    """Address of the server, which says when it answers; killed if it is still there at the end."""
    said = ""
    try:
        for line in process.stdout:
            said += line
            if "end it:" in line:
                yield re.search(r"MLFLOW_TRACKING_URI=(\S+)", said)[1]
                return
        raise AssertionError(f"it did not start:\n{said}\n{process.stderr.read()}")
    finally:
        process.kill()
        process.communicate()


def stopped(process, number):
    """Exit code and output of a server that gets a signal."""
    process.send_signal(number)
    output, errors = process.communicate(timeout=60)
    assert "Traceback" not in errors
    assert "Deprecation" not in errors
    return process.returncode, output


@pytest.fixture
def database(postgres):
    """As people write it: without the driver."""
    return postgres.replace("postgresql+psycopg://", "postgresql://")


def test_a_team_server_on_postgresql_and_s3(database, s3, tmp_path, monkeypatch):
    s3.make_bucket("team")
    process = start(
        tmp_path,
        "--artifacts=s3://team/mlflow",
        "--auth=true",
        "--allowed_hosts=mlflow.lab,10.0.0.5",
        MLFLOW_BACKEND_STORE_URI=database,
        MLFLOW_AUTH_ADMIN_PASSWORD=ADMIN[1],
        MLFLOW_S3_ENDPOINT_URL=s3.endpoint,
        **{name: text for name, text in s3.environment.items() if name != "AWS_ENDPOINT_URL"},
    )
    with answering(process) as address:
        monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", ADMIN[0])
        monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", ADMIN[1])
        client = MlflowClient(address)
        run = client.create_run("0")
        client.log_metric(run.info.run_id, "loss", 0.5)
        client.log_text(run.info.run_id, "kept", "notes/a.txt")
        assert run.info.artifact_uri.startswith("mlflow-artifacts:")
        stored = s3.client().list_objects_v2(Bucket="team")["Contents"]
        assert [each["Key"] for each in stored] == [
            f"mlflow/0/{run.info.run_id}/artifacts/notes/a.txt"
        ]
        is_lean(process)
        lets_members_log(address, run.info.run_id, monkeypatch)
        tells_strangers_what_to_set(address, monkeypatch)
        is_locked(f"{address}/{RUNS}/get?run_id={run.info.run_id}", database)
        takes_pages_of(f"{address}/{RUNS}/search", "http://mlflow.lab:5000", "https://10.0.0.5")
        assert stopped(process, signal.SIGTERM) == (0, "seglab: the server has ended\n")
    with psycopg.connect(database) as connection:
        found = connection.execute("SELECT value FROM metrics ORDER BY value").fetchall()
        assert found == [(0.25,), (0.5,)]
    starts_again_without_the_password(database, tmp_path)


def starts_again_without_the_password(database, folder):
    """The administrator is in the database; another one, as a short password, is not."""
    plain = {"store": database, "artifacts": str(folder), "port": 0, "auth": True}
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        assert plan_serving(ServerConfig(**plain), stack).auth
        patch.setenv("MLFLOW_AUTH_ADMIN_USERNAME", "another")
        patch.setenv("MLFLOW_AUTH_ADMIN_PASSWORD", "short")
        with pytest.raises(TrackingError, match=r"'another', but .* is too short.*characters\n"):
            plan_serving(ServerConfig(**plain), stack)


def is_lean(process):
    """One process, of less than 0.6 GB, on uvloop."""
    server = psutil.Process(process.pid)
    assert server.children(recursive=True) == []
    assert server.memory_info().rss < 0.6e9
    assert any("uvloop" in mapped.path for mapped in server.memory_maps())


def lets_members_log(address, run_id, monkeypatch):
    """A new user logs into anybody's experiment, but deletes nothing there."""
    # As docs/server.md says.
    users = get_app_client("basic-auth", tracking_uri=address)
    users.create_user(*MEMBER)
    with monkeypatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_USERNAME", MEMBER[0])
        patch.setenv("MLFLOW_TRACKING_PASSWORD", MEMBER[1])
        client = MlflowClient(address)
        client.log_metric(client.create_run("0").info.run_id, "loss", 0.25)
        with pytest.raises(MlflowException, match="Permission denied"):
            client.delete_run(run_id)


def tells_strangers_what_to_set(address, monkeypatch):
    """Without a password, or with a wrong one."""
    with monkeypatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", address)
        patch.setenv("MLFLOW_TRACKING_PASSWORD", "a wrong one")
        with pytest.raises(TrackingError, match="no user 'admin' of this password; correct MLFLOW"):
            run_info("a" * 32)
        patch.delenv("MLFLOW_TRACKING_USERNAME")
        with pytest.raises(TrackingError, match="and a password; export MLFLOW_TRACKING_USERNAME="):
            run_info("a" * 32)


def is_locked(url, database):
    """Others are refused; who was let in is not checked anew with each request."""
    assert requests.get(url, timeout=60).status_code == 401
    assert requests.get(url, auth=("admin", "another password"), timeout=60).status_code == 401
    assert requests.get(url, auth=ADMIN, timeout=60).ok
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE users SET password_hash = ''")
    assert requests.get(url, auth=ADMIN, timeout=60).ok


def takes_pages_of(url, *ours):
    """Pages of the server's own names may change things, those of others may not."""
    for origin, taken in [*((one, True) for one in ours), ("http://evil.example", False)]:
        host = origin.split("//")[1]
        for headers in ({"Origin": origin}, {"Host": host}):
            answer = requests.post(
                url, json={"experiment_ids": ["0"]}, headers=headers, auth=ADMIN, timeout=60
            )
            assert answer.ok == taken, (headers, answer.text)


def test_without_flags_everything_is_in_this_folder(tmp_path):
    process = start(tmp_path)
    with answering(process) as address:
        client = MlflowClient(address)
        run = client.create_run(client.create_experiment("one"))
        client.log_text(run.info.run_id, "kept", "a.txt")
        assert client.list_artifacts(run.info.run_id)[0].path == "a.txt"
        evil = {"Host": "evil.example"}
        assert requests.post(f"{address}/{RUNS}/search", headers=evil).status_code == 403
        assert stopped(process, signal.SIGINT)[0] == 0
    assert {path.name for path in tmp_path.iterdir()} - {"mlflow.db.lock"} == {
        "mlartifacts",
        "mlflow.db",
    }
    assert [path.read_text() for path in tmp_path.rglob("a.txt")] == ["kept"]
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as store:
        joined = "SELECT experiments.name FROM runs JOIN experiments USING (experiment_id)"
        assert store.execute(joined).fetchall() == [("one",)]


def test_what_mlflow_would_refuse_is_told_at_once(empty_database, tmp_path):
    copy_database(empty_database, tmp_path / "old.db", "mlflow-artifacts:")
    with closing(sqlite3.connect(tmp_path / "old.db")) as store, store:
        store.execute("UPDATE alembic_version SET version_num = '451aebb31d03'")
    kept = {name: text for name, text in os.environ.items() if not name.startswith("MLFLOW_")}
    words = ["--port", "0", "--store", "sqlite:///old.db", "--auth", "true"]
    process = Program("entry_points.server", words, tmp_path, kept)
    _, errors = process.communicate()
    assert (process.returncode, "Traceback" in errors) == (1, False)
    assert re.search(r"- the database sqlite:///old\.db: .*run 'mlflow db upgrade", errors), errors
    assert "- --auth needs a password for its administrator 'admin'" in errors


@pytest.fixture
def plan(no_run, monkeypatch):
    """Plans as a server does that is not to start; the text of all its faults."""
    for name in ("BACKEND_STORE_URI", "ARTIFACTS_DESTINATION", "S3_ENDPOINT_URL"):
        monkeypatch.delenv(f"MLFLOW_{name}", raising=False)
    monkeypatch.delenv("MLFLOW_SERVER_ALLOWED_HOSTS", raising=False)

    def faults(**flags):
        with ExitStack() as stack, pytest.raises(TrackingError) as caught:
            plan_serving(ServerConfig(**flags), stack)
        return str(caught.value)

    return faults


def test_all_that_is_wrong_is_told_before_the_start(plan, s3, monkeypatch):
    s3.make_bucket("locked")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    (port,) = free_ports(1)
    with ExitStack() as stack:
        plan_serving(ServerConfig(port=port), stack)
        text = plan(
            store=f"postgresql://me:hidden@127.0.0.1:{free_ports(1)[0]}/runs",
            artifacts="s3://locked/mlflow",
            port=port,
            auth=True,
        )
        assert "postgresql+psycopg://***@127.0.0.1" in text
        assert "refused" in text.lower()
        assert "s3://locked/mlflow cannot be used: access was denied" in text
        assert f"--port={port} cannot be listened at: Address already in use; end what" in text
        assert "correct AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY" in text
        assert "hidden" not in text
        assert "MLFLOW_AUTH_ADMIN_PASSWORD is not set; set it to one of at least 12" in text
        assert "unless the database has this user already" in text
    assert "--allowed_hosts must list the names" in plan(host="0.0.0.0", port=port)


def test_databases_that_are_not_there(plan, postgres, tmp_path):
    assert 'cannot be used: database "other" does not exist; make' in plan(store=other(postgres))
    assert "is no address of a database" in plan(store="runs.db")
    assert "runs are not kept in gopher databases" in plan(store="gopher://there/runs")
    kinds = (
        r"\(--store\): runs are not kept in mysql databases; write sqlite:///file or postgresql:"
    )
    assert re.search(kinds, plan(store="mysql://there/runs"))
    assert "folder of the database" in plan(store="sqlite:///gone/runs.db")
    RDBStorage("sqlite:///studies.db")
    assert "(--store) holds studies of Optuna" in plan(store="sqlite:///studies.db")
    (tmp_path / "runs.db").write_text("no database" * 100)
    assert "file is not a database" in plan(store="sqlite:///runs.db")


def other(postgres):
    return re.sub(r"/test_\w+", "/other", postgres)


def test_buckets_that_are_not_there(plan, s3, monkeypatch):
    text = plan(artifacts="s3://nothing-here/a")
    assert f"no bucket 'nothing-here' at {s3.endpoint}; make it" in text
    nobody = f"http://127.0.0.1:{free_ports(1)[0]}"
    monkeypatch.setenv("MLFLOW_S3_ENDPOINT_URL", nobody)
    assert f"{nobody} cannot be reached: nobody listens there; start it, or" in plan(
        artifacts="s3://any/a"
    )
    for slip in ("gs://any/a", "s3:/any/a"):
        assert "neither a folder nor s3://" in plan(artifacts=slip)


def test_addresses_and_names_that_cannot_be_meant(plan):
    assert "--host=no.such.host.invalid is no address of this machine" in plan(
        host="no.such.host.invalid", port=0, allowed_hosts=("mlflow.lab",)
    )
    text = plan(host="0.0.0.0", port=0, allowed_hosts=("*.lab.example", "10.*"))
    assert "--allowed_hosts=10.* would let in names" in text


def test_a_password_that_mlflow_run_has_logged_is_refused(plan, monkeypatch):
    monkeypatch.setenv("MLFLOW_RUN_ID", "0123")
    text = plan(store="postgresql://me:hidden@127.0.0.1:1/runs")
    assert "logged as a parameter of the run 0123: delete that run" in text
    assert "hidden" not in text
