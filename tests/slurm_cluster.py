"""A real Slurm on this machine for tests, where its programs are installed (apt: slurm-wlm)."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.mlflow_server import free_port

PROGRAMS = ("slurmctld", "slurmd", "sbatch", "scontrol")
CONFIG = """ClusterName=loopback
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={control}
SlurmUser=root
AuthType=auth/none
CredType=cred/none
PluginDir={plugins}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SchedulerType=sched/builtin
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
MpiDefault=none
ReturnToService=2
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={node} CPUs=2
PartitionName=main Nodes=n1 Default=YES MaxTime=INFINITE State=UP
"""


def installed() -> bool:
    """Whether Slurm can be started here."""
    return os.geteuid() == 0 and all(map(shutil.which, PROGRAMS))


@pytest.fixture(scope="session")
def slurm_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A controller and a machine with two processors, both ended by their ids."""
    if not installed():
        pytest.skip("Slurm is not installed (apt: slurm-wlm), or this is not root")
    folder = tmp_path_factory.mktemp("slurm")
    (folder / "state").mkdir()
    home = Path(shutil.which("slurmd") or "").resolve().parents[1]
    plugins = next(home.glob("lib/*/slurm*/auth_none.so")).parent
    step = next(home.glob("sbin/slurmstepd*"))
    ports = {"control": free_port(), "node": free_port()}
    config = CONFIG.format(host=socket.gethostname(), folder=folder, plugins=plugins, **ports)
    (folder / "slurm.conf").write_text(config)
    os.environ["SLURM_CONF"] = str(folder / "slurm.conf")
    with ExitStack() as stack:
        stack.callback(os.environ.pop, "SLURM_CONF")
        for command in (["slurmctld", "-D"], ["slurmd", "-D", "-N", "n1", "-d", str(step)]):
            log = stack.enter_context((folder / f"{command[0]}.out").open("wb"))
            process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
            stack.callback(process.wait)
            stack.callback(process.kill)
        wait_for_machine(folder)
        yield


def wait_for_machine(folder: Path) -> None:
    """Returns when jobs can run; raises with the logs if that never comes."""
    for _ in range(300):
        said = subprocess.run(["scontrol", "show", "node", "n1"], capture_output=True, text=True)
        if "State=IDLE" in said.stdout.replace("*", ""):
            return
        time.sleep(0.2)
    logs = "\n".join(path.read_text() for path in folder.glob("slurm*.log"))
    raise RuntimeError(f"Slurm did not start: {said.stdout}{said.stderr}\n{logs[-3000:]}")
