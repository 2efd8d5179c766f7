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

from sidemine.warm_job import Request, ask_for_fork

Ran = subprocess.CompletedProcess[str]

RUN = """
import os, signal, subprocess, sys, threading, time
from pathlib import Path
from sidemine.engine.warm_process import stand_by
from sidemine.warm_job import READERS, Request, ask_for_fork

def start(given="", cwd=".", place=None, preload=(), **variables):
    "Return a fork at work on job.py, and the stream of what it prints."
    theirs, ours = os.pipe()
    os.write(ours, given.encode())
    os.close(ours)
    printed, out = os.pipe()
    request = Request(JOB, os.path.abspath(cwd), {**os.environ, **variables}, sys.executable, preload)
    fork = ask_for_fork(PLACE if place is None else place, request, (theirs, out, 2))
    os.close(theirs)
    os.close(out)
    return fork, os.fdopen(printed)

def parent_of(number):
    return int(Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[1])

def gone(*numbers):
    "Tell whether these processes end, within a while."
    for _ in range(100):
        if not any(Path(f"/proc/{number}").exists() for number in numbers):
            return True
        time.sleep(0.05)
    return False

PLACE = stand_by()
"""


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Ran]:
    """Run Python code as a run of the workflow would, with a script `job.py` beside it that it may start as its job."""

    def run_code(code: str, job: str) -> Ran:
        (tmp_path / "job.py").write_text("import os, sys\n" + textwrap.dedent(job))
        given = f"JOB = {str(tmp_path / 'job.py')!r}\n"
        line = [sys.executable, "-c", given + RUN + textwrap.dedent(code)]
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
        Path("here").mkdir()
        fork, printed = start("given", cwd="here", WORD="said")
        print(fork.wait(), printed.read().strip())
        fork, printed = start()
        print(fork.wait())
        """,
        """
        if not (given := sys.stdin.read()):
            sys.exit("nothing was given")
        print(given, os.environ["WORD"], os.path.basename(os.getcwd()), __name__, os.path.basename(sys.argv[0]))
        print("to the terminal", file=sys.stderr)
        sys.exit(3)
        """,
    )
    assert done.stdout.splitlines() == ["3 given said here __main__ job.py", "1"]
    assert done.stderr.splitlines() == ["to the terminal", "nothing was given"]


@pytest.mark.parametrize(
    ("job", "status"),
    [
        ("os.kill(os.getpid(), 9)", -9),
        ("os.kill(os.getpid(), 11)", -11),
        ("os.kill(os.getpid(), 15)", -15),
        ("raise ValueError('told')", 1),
        ("sys.exit(130)", 130),
    ],
)
def test_however_a_job_ends_who_started_it_sees_it(job, status, run):
    done = run("print(start()[0].wait())", job)
    assert done.stdout.strip() == str(status)
    assert ("ValueError: told" in done.stderr) == (status == 1)


SLEEPS = """
    import time
    print(os.getpid(), flush=True)
    time.sleep(2 if "short" in os.environ else 50)
    """


def test_jobs_end_with_the_run_whatever_ended_it(run):
    """The next run writes the same files."""
    done = run(
        """
        if os.fork() == 0:
            PLACE = stand_by()  # its own, as a run has it
            jobs = [start() for _ in range(2)]
            print(*[int(printed.readline()) for _, printed in jobs], flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
        os.wait()
        """,
        SLEEPS,
    )
    numbers = done.stdout.split()
    assert len(numbers) == 2
    for _ in range(200):
        if not any(Path(f"/proc/{number}").exists() for number in numbers):
            return
        subprocess.run(["sleep", "0.05"], check=True)
    raise AssertionError(numbers)


def test_a_job_that_nobody_waits_for_any_more_ends_and_no_other_one(run):
    done = run(
        """
        other, printed = start(short="")
        printed.readline()
        fork, printed = start()
        printed.readline()
        fork.kill()
        print(fork.wait(), gone(fork.number), other.wait())
        """,
        SLEEPS,
    )
    assert done.stdout.split() == ["-9", "True", "0"]


def test_who_is_killed_while_he_asks_takes_no_job_of_others_with_him(run):
    done = run(
        """
        other, printed = start(short="")
        server = parent_of(printed.readline().strip())
        os.kill(server, signal.SIGSTOP)
        if (asking := os.fork()) == 0:
            start()
            os._exit(0)
        time.sleep(1)  # it has asked by then
        os.kill(asking, signal.SIGKILL)
        os.waitpid(asking, 0)
        os.kill(server, signal.SIGCONT)
        after, printed = start(short="")
        print(other.wait(), after.wait(), os.waitpid(server, os.WNOHANG))
        """,
        SLEEPS,
    )
    assert done.stdout.split("\n")[-2] == "0 0 (0, 0)"


def test_jobs_end_with_the_process_that_stands_by(run):
    """Nobody could tell how they end."""
    done = run(
        """
        jobs = [start() for _ in range(2)]
        numbers = [int(printed.readline()) for _, printed in jobs]
        os.kill(parent_of(numbers[0]), signal.SIGKILL)
        print(*(fork.wait() for fork, _ in jobs), gone(*numbers), start()[0])
        """,
        SLEEPS,
    )
    assert done.stdout.split() == ["-9", "-9", "True", "None"]


def test_ctrl_c_reaches_a_job_once_and_its_own_words_count(run):
    done = run(
        """
        signal.signal(signal.SIGINT, lambda *_: None)
        fork, printed = start()
        printed.readline()
        os.killpg(0, signal.SIGINT)
        print(fork.wait(), printed.read())
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
        """
        for number in range(3):
            fork, printed = start()
            fork.wait()
            print(printed.read())
        """,
        "print('wave' in sys.modules, flush=True)\nimport wave",
    )
    assert done.stdout.split() == ["False", "False", "True"]


def test_what_few_of_their_kind_load_stays_with_them(run):
    """All other forks would carry its memory: a library of single cells takes 100 MB."""
    done = run(
        """
        for number in range(8):
            fork, printed = start(NUMBER=str(number))
            fork.wait()
            print(printed.read())
        """,
        "print('wave' in sys.modules, flush=True)\nif os.environ['NUMBER'] in {'2', '6'}: import wave",
    )
    assert done.stdout.split() == ["False"] * 8


def test_readers_find_loaded_what_they_name_and_leave_nothing_behind(run):
    """What a hostile file made of one reader must not reach the next one: no module, no descriptor, no way to others."""
    done = run(
        """
        for number in range(4):
            fork, printed = start(place=os.environ[READERS], preload=["wave"])
            fork.wait()
            print(printed.read())
        """,
        """
        print("wave" in sys.modules, "colorsys" in sys.modules, hasattr(sys, "mark"), sorted(os.listdir("/proc/self/fd")))
        print(open(f"/proc/{os.getppid()}/environ").read().count("HDF5_PLUGIN_PRELOAD=::"))
        import colorsys
        sys.mark = True
        """,
    )
    # 3 is the listing itself.
    assert done.stdout.split("\n") == ["True False False ['0', '1', '2', '3']", "1", ""] * 4 + [""]


def test_the_process_for_readers_gives_back_what_it_loaded_and_still_serves(run):
    """What a reader named before is gone after a while without one; Ctrl-C still reaches readers."""
    done = run(
        """
        stand_by(idle=0.2)
        for pause, preload in ((0, ["wave"]), (0, []), (1, [])):
            time.sleep(pause)
            fork, printed = start(place=os.environ[READERS], preload=preload)
            print(fork.wait(), printed.read().strip())
        """,
        """
        import signal
        print(os.getppid(), "wave" in sys.modules, signal.getsignal(signal.SIGINT) is signal.default_int_handler)
        """,
    )
    (first, *loaded), second, third = (line.split()[1:] for line in done.stdout.splitlines())
    assert [loaded, second, third] == [["True", "True"], [first, "True", "True"], [first, "False", "True"]]


def test_who_does_not_belong_to_the_run_is_not_served(tmp_path):
    """So is a job on a node of a cluster, which inherits the environment of the run and not its processes."""
    request = Request("job.py", str(tmp_path), {}, sys.executable)
    for place in ["", "999999999:/nowhere", f"{os.getpid()}:{tmp_path}/nowhere", "no number:/nowhere"]:
        assert ask_for_fork(place, request, (0, 1, 2)) is None


@pytest.mark.parametrize(
    "end",
    ["sys.exit()", "os.kill(os.getpid(), 9)", *(f"os.killpg(0, signal.SIG{name})" for name in ("TERM", "HUP", "QUIT"))],
)
def test_nothing_stays_behind_when_the_run_has_ended(end, run):
    places = "PLACE, os.environ[READERS]"
    begun = f"for place in ({places}): start(place=place)[0].wait()\n"
    done = run(f"{begun}print(*(place.partition(':')[2] for place in ({places})), flush=True)\n{end}", "")
    folders = [Path(place).parent for place in done.stdout.split()]
    for _ in range(200):
        if not any(folder.exists() for folder in folders):
            break
        subprocess.run(["sleep", "0.05"], check=True)
    assert [folder.name.startswith("sidemine-") for folder in folders] == [True, True]
    assert not any(folder.exists() for folder in folders)
