"""The workflow on a real Slurm of one node, which these tests start and stop: only where SIDEMINE_SLURM=1 asks for it.

Needed: root, and Debian's slurm-wlm and munge. Everything listens on loopback alone; where a Slurm is
configured already the tests skip.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import REPOSITORY, Run, Workflow

PROFILE = REPOSITORY / "workflow" / "profiles" / "slurm"
TOOLS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scontrol", "scancel")
CONFIGURED = Path("/etc/slurm/slurm.conf")
SBIN = f"{os.environ['PATH']}:/usr/sbin"
CONFIGURATION = """\
ClusterName=sidemine
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
SchedulerParameters=batch_sched_delay=0,sched_min_interval=200000,bf_interval=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
MinJobAge=300
ReturnToService=2
KillWait=5
NodeName={host} NodeAddr=127.0.0.1 CPUs=4 RealMemory=16000 State=UNKNOWN
PartitionName=main Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""
SETS = "results/planted_positive/gene_sets.tsv.gz"
"""One file of a study, made by one job: the faults are tried on it."""


@dataclass(frozen=True)
class Slurm:
    """A Slurm of one node, and the workflow that submits to it."""

    workflow: Workflow
    host: str

    def ask(self, *words: str) -> str:
        """Return what a command of Slurm says."""
        return subprocess.run(words, env=self.workflow.environment, check=True, capture_output=True, text=True).stdout

    def wait_for(self, seen: Callable[[], bool], seconds: float = 120) -> None:
        """Wait until something is seen."""
        end = time.monotonic() + seconds
        while not seen():
            assert time.monotonic() < end, self.ask("squeue")
            time.sleep(0.2)

    def states(self) -> str:
        """Return the states of the jobs in the queue."""
        return self.ask("squeue", "--noheader", "--format", "%T")

    def run(self, folder: Path, *arguments: str, config: Path, fails: bool = False) -> Run:
        """Run the workflow on it to the end."""
        return self.workflow.run(folder, "--profile", str(PROFILE), *arguments, config=config, fails=fails)

    def start(self, folder: Path, *arguments: str, config: Path) -> subprocess.Popen[bytes]:
        """Start a run on it and return at once; its words go to `started.log`."""
        line = self.workflow.command(
            folder, "--profile", PROFILE, *arguments, config=config, cores=2, snakefile=REPOSITORY / "Snakefile"
        )
        with (folder / "started.log").open("wb") as log:
            return subprocess.Popen(
                line, env=self.workflow.environment, cwd=REPOSITORY, stdout=log, stderr=log, start_new_session=True
            )


def _free_ports() -> list[int]:
    with socket.socket() as first, socket.socket() as second:
        for listener in (first, second):
            listener.bind(("127.0.0.1", 0))
        return [first.getsockname()[1], second.getsockname()[1]]


@pytest.fixture(scope="module")
def slurm(workflow: Workflow, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:
    """A Slurm of one node without accounting, for these tests alone."""
    if os.environ.get("SIDEMINE_SLURM") != "1":
        pytest.skip("SIDEMINE_SLURM is not 1: these tests start daemons, so they run only where they are asked for")
    if os.geteuid() != 0:
        pytest.skip("only root can start munged, slurmctld and slurmd")
    if missing := [tool for tool in TOOLS if shutil.which(tool, path=SBIN) is None]:
        pytest.skip(f"not installed: {', '.join(missing)} (apt-get install slurm-wlm munge)")
    if CONFIGURED.exists():
        pytest.skip(f"a Slurm is configured here already: {CONFIGURED}")
    folder, host = tmp_path_factory.mktemp("slurm"), socket.gethostname()
    for name in ("state", "spool"):
        (folder / name).mkdir()
    environment = {**workflow.environment, "PATH": SBIN}
    started: list[Path] = []

    def start(*words: str, pid: Path) -> None:
        subprocess.run(words, env=environment, check=True)
        started.append(pid)

    try:
        # Where Slurm looks by itself: the plugin of Snakemake keeps SLURM_CONF from the steps of a job.
        CONFIGURED.write_text(CONFIGURATION.format(host=host, folder=folder, ports=_free_ports()))
        if not Path("/run/munge/munge.socket.2").exists():
            Path("/run/munge").mkdir(mode=0o755, exist_ok=True)
            shutil.chown("/run/munge", "munge", "munge")
            start("runuser", "-u", "munge", "--", "munged", pid=Path("/run/munge/munged.pid"))
        start("slurmctld", pid=folder / "slurmctld.pid")
        start("slurmd", pid=folder / "slurmd.pid")
        slurm = Slurm(Workflow(environment), host)
        slurm.wait_for(lambda: "idle" in slurm.ask("sinfo", "--noheader"))
        yield slurm
        slurm.ask("scancel", "--user", "root")
        slurm.wait_for(lambda: not slurm.states())
    finally:
        for pid in reversed(started):
            if pid.is_file():
                os.kill(int(pid.read_text()), signal.SIGTERM)
        CONFIGURED.unlink(missing_ok=True)


@pytest.fixture
def study(workflow: Workflow, tmp_path: Path) -> Path:
    """The config of a planted study in a folder of its own."""
    return workflow.plant("positive", tmp_path)


def _contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in {"run.json", ".run_lock", ".slurm_run"}
    }


@pytest.mark.workflow
def test_the_groups_of_a_study_give_the_bytes_of_a_local_run(slurm: Slurm, study: Path, finished: Run) -> None:
    """Four submissions, found finished by squeue, since this Slurm keeps no accounts."""
    ran = slurm.run(study.parent, config=study)
    assert "the end of jobs is learnt from squeue" in ran.output
    submitted = re.findall(r"slurm_logs/group_([a-z]+)_", ran.output)
    assert submitted == ["samples", "datasets", "contrasts", "evidence"]
    assert _contents(ran.results()) == _contents(finished.results())
    told = (ran.results() / "run.json").read_text()
    assert '"executor": "slurm"' in told
    assert str(PROFILE) in told


@pytest.mark.workflow
def test_a_job_killed_for_memory_is_tried_again_with_more_and_told(slurm: Slurm, study: Path) -> None:
    """Too little at every try: the last words quote the scheduler. More at the second try: the run ends well."""
    too_little = ("--set-resources", "prepare_gene_sets:mem_mb=100", "--retries", "1")
    failed = slurm.run(study.parent, SETS, *too_little, config=study, fails=True)
    assert len(re.findall(r"submitted with SLURM jobid", failed.output)) == 2
    last = failed.output.rpartition("What went wrong")[2]
    assert "a job was ended from outside: killed for memory" in last
    assert "| slurmstepd" in last
    ran = slurm.run(study.parent, SETS, "--set-resources", "prepare_gene_sets:mem_mb=100*attempt**4", config=study)
    assert "killed for memory: prepare_gene_sets" in ran.output
    assert (study.parent / SETS).is_file()


@pytest.mark.workflow
def test_a_mistake_is_submitted_once(slurm: Slurm, study: Path) -> None:
    """The profile tries twice more what was killed; a library without the declared sets is refused by its reader."""
    (library,) = (path for path in study.parent.rglob("*.gmt"))
    library.write_text("ANOTHER\tna\tIFIT1\tIFIT2\n")
    failed = slurm.run(study.parent, SETS, config=study, fails=True)
    assert len(re.findall(r"submitted with SLURM jobid", failed.output)) == 1
    assert "What went wrong" in failed.output


@pytest.mark.workflow
def test_a_cancelled_job_is_told_and_tried_again(slurm: Slurm, study: Path) -> None:
    """Somebody says scancel while it works."""
    process = slurm.start(study.parent, SETS, config=study)
    slurm.wait_for(lambda: "RUNNING" in slurm.states())
    slurm.ask("scancel", "--user", "root")
    assert process.wait(timeout=300) == 0
    assert "a job was ended from outside: cancelled" in (study.parent / "started.log").read_text()


@pytest.mark.workflow
def test_jobs_of_a_killed_run_are_found_on_a_drained_node(slurm: Slurm, study: Path) -> None:
    """They wait in the queue and would write the same files: the next run is refused until they are ended."""
    slurm.ask("scontrol", "update", f"nodename={slurm.host}", "state=drain", "reason=test")
    try:
        process = slurm.start(study.parent, SETS, config=study)
        slurm.wait_for(lambda: "PENDING" in slurm.states())
        assert process.poll() is None, "a run waits for its node"
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        refused = slurm.run(study.parent, SETS, config=study, fails=True)
        assert "jobs of an earlier run of this study are still in Slurm's queue" in refused.output
        looked = slurm.run(study.parent, "--summary", config=study)
        assert "gene_sets.tsv.gz" in looked.output
        name = re.search(r"scancel --name (\S+)", refused.output)
        assert name is not None
        slurm.ask("scancel", "--name", name[1])
        slurm.wait_for(lambda: not slurm.states())
    finally:
        slurm.ask("scontrol", "update", f"nodename={slurm.host}", "state=resume")
    slurm.run(study.parent, SETS, config=study)
    assert (study.parent / SETS).is_file()
