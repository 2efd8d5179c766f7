"""Two runs of one study at a time are refused; a lock never outlives its holder."""

from __future__ import annotations

import errno
import subprocess
import sys

import pytest

from sidemine import run_lock
from sidemine.errors import StudyError
from sidemine.run_lock import hold_run_lock

HOLD = "from pathlib import Path; from sidemine.run_lock import hold_run_lock; hold_run_lock(Path({folder!r})); {then}"


def test_a_second_run_is_refused_while_the_first_lives_and_only_then(tmp_path):
    """The lock goes with the process that holds it, even when that process is killed."""
    command = HOLD.format(folder=str(tmp_path), then="print('held', flush=True); input()")
    with subprocess.Popen([sys.executable, "-c", command], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(StudyError, match="another run of this study is under way"):
            hold_run_lock(tmp_path)
        holder.kill()
        holder.wait()
    hold_run_lock(tmp_path)


def test_a_file_system_without_locks_is_warned_of(tmp_path, monkeypatch, capsys):
    """Some network file systems have none: the run goes on, and says what is not guarded."""

    def refuse(stream, how):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(run_lock.fcntl, "flock", refuse)
    hold_run_lock(tmp_path)
    assert "has no locks (flock)" in capsys.readouterr().err
