"""Jobs of a run are run by forks of a process that stands by: as if each had been started for itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from sidemine.warm_job import PLACE

JOB = "import os, sys\nfrom sidemine.warm_job import run_warm\nrun_warm()\n"
Ran = subprocess.CompletedProcess[str]


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Ran]:
    """Run Python code as a run of the workflow would, with a script `job.py` beside it that it may start as its job."""

    def run_code(code: str, job: str) -> Ran:
        (tmp_path / "job.py").write_text(JOB + textwrap.dedent(job))
        run = (
            "import os, signal, subprocess, sys, time\nfrom pathlib import Path\n"
            "from sidemine.engine.warm_process import stand_by\n"
            f"job = [sys.executable, {str(tmp_path / 'job.py')!r}]\nstand_by()\n"
        )
        line = [sys.executable, "-c", run + textwrap.dedent(code)]
        # Tests that were started in the background ignore Ctrl-C, and so would what they start.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            return subprocess.run(
                line, capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False, start_new_session=True
            )
        finally:
            signal.signal(signal.SIGINT, before)

    return run_code


def test_a_job_has_the_streams_folder_environment_and_status_of_its_own(run):
    done = run(
        """
        here = Path("here")
        here.mkdir()
        ran = subprocess.run(job, capture_output=True, text=True, input="given", cwd=here, env={**os.environ, "WORD": "said"})
        print(ran.returncode, ran.stdout.strip(), ran.stderr.strip())
        print(subprocess.run(job, capture_output=True, text=True, input="").stderr.strip())
        """,
        """
        if not (given := sys.stdin.read()):
            sys.exit("nothing was given")
        print(given, os.environ["WORD"], os.path.basename(os.getcwd()), __name__, os.path.basename(sys.argv[0]), end=" ")
        print("to the terminal", "in a fork" if os.environ.get("SIDEMINE_WARM") is None else "alone", file=sys.stderr)
        sys.exit(3)
        """,
    )
    assert done.stdout.splitlines() == [
        "3 given said here __main__ job.py to the terminal in a fork",
        "nothing was given",
    ]


@pytest.mark.parametrize(
    ("job", "status"),
    [
        ("os.kill(os.getpid(), 9)", -9),
        ("os.kill(os.getpid(), 11)", -11),
        ("raise ValueError('told')", 1),
        ("sys.exit(130)", 130),
    ],
)
def test_however_a_job_ends_who_started_it_sees_it(job, status, run):
    done = run("print(subprocess.run(job).returncode)", job)
    assert done.stdout.strip() == str(status)
    assert ("ValueError: told" in done.stderr) == (status == 1)


def test_a_job_that_is_asked_to_end_ends(run):
    done = run(
        """
        process = subprocess.Popen(job, stdout=subprocess.PIPE, text=True)
        number = int(process.stdout.readline())
        process.terminate()
        print(process.wait(), process.pid != number, Path(f"/proc/{number}").exists())
        """,
        """
        import time
        print(os.getpid(), flush=True)
        time.sleep(50)
        """,
    )
    assert done.stdout.split() == ["-15", "True", "False"]


SLEEPS = """
    import time
    print(os.getpid(), flush=True)
    time.sleep(2 if "short" in os.environ else 50)
    """


def test_a_job_whose_own_process_is_killed_ends_and_no_other_one(run):
    """Snakemake tries it again at once: two would write the same files."""
    done = run(
        """
        other = subprocess.Popen(job, stdout=subprocess.PIPE, text=True, env={**os.environ, "short": ""})
        other.stdout.readline()
        process = subprocess.Popen(job, stdout=subprocess.PIPE, text=True)
        number = int(process.stdout.readline())
        process.kill()
        process.wait()
        for _ in range(100):
            if not Path(f"/proc/{number}").exists():
                break
            time.sleep(0.05)
        print(Path(f"/proc/{number}").exists(), other.wait())
        """,
        SLEEPS,
    )
    assert done.stdout.split() == ["False", "0"]


def test_a_job_that_is_killed_while_it_asks_takes_no_other_one_with_it(run):
    done = run(
        """
        other = subprocess.Popen(job, stdout=subprocess.PIPE, text=True, env={**os.environ, "short": ""})
        server = int(Path(f"/proc/{other.stdout.readline().strip()}/stat").read_text().rpartition(")")[2].split()[1])
        os.kill(server, signal.SIGSTOP)
        process = subprocess.Popen(job)
        time.sleep(2)  # it has asked by then
        process.kill()
        process.wait()
        os.kill(server, signal.SIGCONT)
        print(other.wait(), subprocess.run(job, env={**os.environ, "short": ""}).returncode, os.waitpid(server, os.WNOHANG))
        """,
        SLEEPS,
    )
    assert done.stdout.split("\n")[-2] == "0 0 (0, 0)"


def test_jobs_end_with_the_process_that_stands_by(run):
    """Nobody could tell how they end."""
    done = run(
        """
        jobs = [subprocess.Popen(job, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        numbers = [int(process.stdout.readline()) for process in jobs]
        os.kill(int(Path(f"/proc/{numbers[0]}/stat").read_text().rpartition(")")[2].split()[1]), signal.SIGKILL)
        print(*(process.wait(timeout=20) for process in jobs))
        for _ in range(100):
            states = [Path(f"/proc/{number}").exists() for number in numbers]
            if not any(states):
                break
            time.sleep(0.05)
        print(*states)
        """,
        SLEEPS,
    )
    assert done.stdout.split() == ["1", "1", "False", "False"]


def test_ctrl_c_reaches_a_job_once_and_its_own_words_count(run):
    done = run(
        """
        signal.signal(signal.SIGINT, lambda *_: None)
        process = subprocess.Popen(job, stdout=subprocess.PIPE, text=True)
        process.stdout.readline()
        os.killpg(0, signal.SIGINT)
        print(process.wait(), process.stdout.read())
        """,
        """
        import time
        try:
            print("works", flush=True)
            time.sleep(50)
        except KeyboardInterrupt:
            print("stopped")
            sys.exit(130)
        """,
    )
    assert done.stdout.split() == ["130", "stopped"]


def test_what_two_jobs_have_loaded_the_third_finds_loaded(run):
    done = run(
        "for number in range(3): subprocess.run(job)",
        "print('wave' in sys.modules, flush=True)\nimport wave",
    )
    assert done.stdout.split() == ["False", "False", "True"]


def test_what_few_of_their_kind_load_stays_with_them(run):
    """All other forks would carry its memory: a library of single cells takes 100 MB."""
    done = run(
        "for number in range(8): subprocess.run(job, env={**os.environ, 'NUMBER': str(number)})",
        "print('wave' in sys.modules, flush=True)\nif os.environ['NUMBER'] in {'2', '6'}: import wave",
    )
    assert done.stdout.split() == ["False"] * 8


def test_a_job_that_was_not_started_by_the_run_runs_itself(tmp_path):
    """So is one on a node of a cluster, which inherits the environment of the run and not its processes."""
    (tmp_path / "job.py").write_text(JOB + "print('ran', os.environ.get('SIDEMINE_WARM') is not None)")
    for place in ["999999999:/nowhere", f"{os.getpid()}:{tmp_path}/nowhere", "no number:/nowhere"]:
        line = [sys.executable, str(tmp_path / "job.py")]
        done = subprocess.run(line, env={**os.environ, PLACE: place}, capture_output=True, text=True, check=True)
        assert done.stdout.split() == ["ran", "True"]


@pytest.mark.parametrize("end", ["sys.exit()", "os.kill(os.getpid(), 9)"])
def test_nothing_stays_behind_when_the_run_has_ended(end, run):
    done = run(f"print(os.environ['SIDEMINE_WARM'].partition(':')[2], flush=True)\n{end}", "")
    folder = Path(done.stdout.strip()).parent
    for _ in range(200):
        if not folder.exists():
            break
        subprocess.run(["sleep", "0.05"], check=True)
    assert folder.name.startswith("sidemine-")
    assert not folder.exists()
