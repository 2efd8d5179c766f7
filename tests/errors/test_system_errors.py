"""Full disks, missing rights, files in the place of folders, used-up memory: told in four parts, never as a bug."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sidemine.cli import main
from sidemine.errors import StudyError
from sidemine.script_log import collect_errors, log_to
from sidemine.system_errors import check_writable, explain_system_error


def _in_script(log: Path, action: str, before: str = "") -> subprocess.CompletedProcess[str]:
    """Run what a script of the workflow might do, in a process whose limits it may lower."""
    code = f"import resource, os, signal\nfrom pathlib import Path\nfrom sidemine.script_log import log_to\n{before}\n"
    code += f"with log_to({str(log)!r}):\n    {action}\n"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


SMALL_FILES = "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))"


@pytest.mark.parametrize(
    ("action", "before", "words"),
    [
        ("open('/dev/full', 'w').write('x' * 100_000)", "", ["the disk is full", "few GB"]),
        (
            "from sidemine.tables import write_json; write_json({'a': 'x' * 100_000}, Path('out.json'))",
            SMALL_FILES,
            ["larger than the system or a limit", "out.json", "MB free"],
        ),
        ("Path('here').touch(); Path('here/below').mkdir(parents=True)", "", ["a file stands where a folder", "here"]),
        ("Path('f').mkdir(); Path('f').write_text('x')", "", ["a folder stands where a file is needed", "f"]),
        ("Path('gone.tsv').read_text()", "", ["is not there", "gone.tsv"]),
        ("Path('x' * 300).read_text()", "", ["longer than the system allows"]),
        ("os.symlink('loop', 'loop'); Path('loop').read_text()", "", ["links lead in a circle", "loop"]),
        ("raise MemoryError", "", ["the memory does not suffice", "--cores"]),
        ("raise OSError('nothing known')", "", ["the operating system refused something: nothing known"]),
    ],
)
def test_what_the_machine_refuses_is_no_bug(action: str, before: str, words: list[str], tmp_path: Path) -> None:
    """The terminal and the last words name the path and say what to do; a traceback is in the log only."""
    log = tmp_path / "logs" / "a.log"
    done = _in_script(log, action, f"os.chdir({str(tmp_path)!r})\n{before}")
    assert done.returncode == 1
    for word in [*words, "where: ", "allowed: ", "next: "]:
        assert word in done.stderr
    assert "Traceback" not in done.stderr
    assert "bug" not in done.stderr
    if not before:
        assert words[0] in collect_errors(tmp_path / "logs", 0)


def test_a_log_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """The folder of logs may be a file, or the disk of the log full."""
    (tmp_path / "logs").touch()
    done = _in_script(tmp_path / "logs" / "a.log", "pass")
    assert (done.returncode, "a file stands where a folder is needed" in done.stderr) == (1, True)
    assert "Traceback" not in done.stderr
    done = _in_script(
        Path("/dev/full"), "from sidemine.errors import *; raise InputError(Problem('cut', 'w', 'a', 'n'))"
    )
    assert (done.returncode, done.stderr) == (1, "cut\n  where:   w\n  allowed: a\n  next:    n\n")


def test_ctrl_c_is_no_bug(tmp_path: Path) -> None:
    """Whoever stops a run is not asked to report it."""
    # A shell's background jobs, and so the tests in one, are born deaf to it.
    hears = "signal.signal(signal.SIGINT, signal.default_int_handler)"
    done = _in_script(tmp_path / "a.log", "os.kill(os.getpid(), signal.SIGINT)", hears)
    assert done.returncode == 130
    assert "stopped" in done.stderr
    assert "bug" not in done.stderr
    assert collect_errors(tmp_path, 0) == ""


def test_other_errors_remain_bugs(tmp_path: Path) -> None:
    """A KeyError is ours to mend."""
    with pytest.raises(SystemExit), log_to(str(tmp_path / "a.log")):
        raise KeyError("x")
    assert "bug" in collect_errors(tmp_path, 0)
    assert explain_system_error(KeyError("x")) is None


@pytest.mark.parametrize("code", sorted(errno.errorcode))
def test_every_code_of_the_system_has_four_parts(code: int) -> None:
    """Whatever the operating system says, the path is told and there is something to do."""
    problem = explain_system_error(OSError(code, os.strerror(code), "a/b"))
    assert problem is not None
    assert all(problem.to_dict().values())
    if code != errno.ENOMEM:
        assert "a/b" in problem.where


def test_folders_are_checked_before_any_work(tmp_path: Path) -> None:
    """All that cannot be written are told at once; those that can are left without a trace of the check."""
    (tmp_path / "file").touch()
    with pytest.raises(StudyError, match="2 problems"):
        check_writable([tmp_path / "good" / "x", tmp_path / "file" / "x", tmp_path / "file", Path("/proc/none")][:3])
    assert list((tmp_path / "good" / "x").iterdir()) == []


def test_a_small_disk_that_is_full_or_read_only(tmp_path: Path) -> None:
    """A run does not start there (Snakemake's own records fail without a message), and a job says what is wrong."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", disk], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("mounting a small disk is not permitted here")
    try:
        with pytest.raises(StudyError, match=r"the disk is full\n.*disk/results.* MB free"):
            check_writable([disk / "results"])
        action = (
            "import numpy as np, anndata as ad; from sidemine.prepare.expression_store import write_expression; "
            "write_expression(ad.AnnData(layers={'log2': np.random.default_rng(1).random((500, 500))}), Path('out.h5ad'))"
        )
        done = _in_script(tmp_path / "a.log", action, f"os.chdir({str(disk)!r})")
        assert done.returncode == 1  # HDF5 itself would end the process by a segmentation fault
        assert "the disk is full\n  where:   out.h5ad (0 MB free" in done.stderr
        assert "Traceback" not in done.stderr
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        with pytest.raises(StudyError, match="can only be read"):
            check_writable([disk / "results"])
    finally:
        subprocess.run(["umount", disk], check=True)


@pytest.mark.parametrize("command", ["check", "inspect"])
def test_a_path_of_any_shape_is_told_by_the_command(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Too long, a circle of links, a folder, a file below a file, a removed working folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "file").touch()
    folder = [str(tmp_path)] if command == "check" else []  # inspect lists what a folder holds
    for path in ("x" * 300, "loop", *folder, "file/x"):
        assert main([command, path]) == 1
        assert "next: " in capsys.readouterr().err
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert main([command, "a"]) == 1
    assert "next: " in capsys.readouterr().err


def test_an_output_that_takes_nothing_more(tmp_path: Path) -> None:
    """`sidemine inspect … > file` on a full disk is told; a reader (head, less) that has seen enough is no error."""
    (tmp_path / "a.tsv").write_text("gene\ts1\ts2\nA\t1.5\t2.5\nB\t3.5\t4.25\n")
    command = [sys.executable, "-m", "sidemine.cli", "inspect", str(tmp_path / "a.tsv")]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, "the disk is full\n  where:   standard output" in done.stderr) == (1, True)
    assert "Exception ignored" not in done.stderr
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")
