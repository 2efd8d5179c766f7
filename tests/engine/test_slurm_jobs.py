"""A run on Slurm never waits for an answer that cannot come, and never writes beside the jobs of a killed run."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from sidemine.engine.slurm import (
    LONGEST_LOOK,
    SlurmSite,
    begin_on_slurm,
    choose_status_command,
    read_site,
    refuse_jobs_of_earlier_run,
    state_of,
)
from sidemine.errors import StudyError

WITHOUT_ACCOUNTS = (
    "Configuration data\nAccountingStorageType   = accounting_storage/none\nMinJobAge               = 300 sec\n"
)


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    """Commands of Slurm that say what a test wants: by the name of the command."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    (tmp_path / "bin").mkdir()

    def say(command: str, words: str, status: int = 0) -> None:
        script = tmp_path / "bin" / command
        script.write_text(f"#!/bin/sh\nprintf '%s' '{words}'\nexit {status}\n")
        script.chmod(0o755)

    return say


def test_accounting_decides_which_command_tells_that_jobs_have_ended():
    """`sacct` answers nothing where accounting is off: a run that asked it would wait for ever."""
    assert read_site(WITHOUT_ACCOUNTS) == SlurmSite(keeps_accounts=False, remembers=300)
    assert choose_status_command(read_site(WITHOUT_ACCOUNTS), "sacct")[0] == "squeue"
    later = WITHOUT_ACCOUNTS.replace("accounting_storage/none", "(null)")
    assert read_site(later) == SlurmSite(keeps_accounts=False, remembers=300)
    kept = read_site(WITHOUT_ACCOUNTS.replace("/none", "/slurmdbd"))
    assert [choose_status_command(kept, given)[0] for given in ("sacct", "squeue")] == ["sacct", "squeue"]
    with pytest.raises(StudyError, match="nothing on this Slurm would tell that a job has ended"):
        choose_status_command(SlurmSite(keeps_accounts=False, remembers=LONGEST_LOOK), "sacct")


def test_a_run_settles_how_it_looks_and_leaves_its_name(slurm, tmp_path):
    """The plugin would ask sacct all the same where its first look is later than a third of MinJobAge."""
    slurm("scontrol", WITHOUT_ACCOUNTS)
    settings = SimpleNamespace(status_command="sacct", init_seconds_before_status_checks=200)
    assert "squeue" in begin_on_slurm(settings, "sidemine_1", tmp_path)
    assert (settings.status_command, settings.init_seconds_before_status_checks) == ("squeue", 100)
    slurm("squeue", "")
    refuse_jobs_of_earlier_run(tmp_path)
    slurm("squeue", "17 RUNNING\n18 PENDING\n")
    with pytest.raises(StudyError, match=r"17 \(running\), 18 \(pending\)[\s\S]*scancel --name sidemine_1"):
        refuse_jobs_of_earlier_run(tmp_path)
    slurm("squeue", "", status=1)
    with pytest.raises(StudyError, match="Slurm does not answer"):
        refuse_jobs_of_earlier_run(tmp_path)


def test_results_without_slurm_are_nobodys(tmp_path, monkeypatch):
    """No run on Slurm, or a machine without it: nothing is asked."""
    refuse_jobs_of_earlier_run(tmp_path)
    (tmp_path / ".slurm_run").write_text("sidemine_1\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    refuse_jobs_of_earlier_run(tmp_path)
    assert state_of("1") == ""


@pytest.mark.parametrize(
    "kept", [b"", b"\xff\xfe", b"a\0b", b"x; rm -rf ~\n", b"one\ntwo\n", b"a,b", b"\x1b[2J", b"a" * 3000]
)
def test_a_name_that_no_run_kept_is_given_to_no_command(slurm, tmp_path, kept):
    """It is shown within a command to copy, and an empty one would ask for the jobs of everybody."""
    slurm("squeue", "17 RUNNING\n")
    (tmp_path / ".slurm_run").write_bytes(kept)
    with pytest.raises(StudyError, match="name of the jobs of an earlier run cannot be read") as caught:
        refuse_jobs_of_earlier_run(tmp_path)
    assert "scancel" not in str(caught.value)


@pytest.mark.parametrize(
    "answer", ["17 RUNNING (Resources)\n", "17\n", "17 R\\377\n", "slurm_load_jobs: warning\n17 PENDING"]
)
def test_whatever_squeue_says_refuses_the_run(slurm, tmp_path, answer):
    slurm("squeue", answer)
    (tmp_path / ".slurm_run").write_text("sidemine_1\n")
    with pytest.raises(StudyError, match="still in Slurm's queue"):
        refuse_jobs_of_earlier_run(tmp_path)


def test_a_name_is_kept_in_a_file_of_its_own_and_thousands_of_jobs_are_counted(slurm, tmp_path):
    """The record may be a link that somebody laid there: what it leads to is not written over."""
    slurm("scontrol", WITHOUT_ACCOUNTS)
    other = tmp_path / "other"
    other.write_text("mine")
    (tmp_path / ".slurm_run").symlink_to(other)
    begin_on_slurm(SimpleNamespace(status_command="squeue", init_seconds_before_status_checks=10), "my-run_1", tmp_path)
    assert other.read_text() == "mine"
    slurm("squeue", "".join(f"{number} PENDING\n" for number in range(3000)))
    with pytest.raises(StudyError, match=r"9 \(pending\) and 2,990 more\n"):
        refuse_jobs_of_earlier_run(tmp_path)
