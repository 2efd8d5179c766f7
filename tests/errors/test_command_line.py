"""The command line of a run and of `sidemine`: what nothing reads is refused, what is wrong is told without a run."""

from __future__ import annotations

import pytest

from sidemine.cli import main
from sidemine.errors import StudyError
from sidemine.simulate.studies import write_planted
from sidemine.study.command_line import (
    check_command_line,
    given_to_run,
    only_looks,
    profiles_of,
    runs_a_group,
    typed_command,
    wants_relock,
)


def test_a_mistyped_key_on_the_command_line_is_told():
    """`--config resluts=x` would be passed over in silence, and the results would go elsewhere."""
    with pytest.raises(StudyError, match=r"2 problems(.|\n)*'resluts'(.|\n)*Did you mean results(.|\n)*'seed'"):
        check_command_line({"resluts": "x", "mirror": "y", "seed": 3})
    check_command_line({"results": "x", "downloads": "x", "mirror": "x", "lock": "x", "relock": True})


@pytest.mark.parametrize(("value", "meant"), [(True, True), ("yes", True), ("no", False), (False, False)])
def test_relock_is_yes_or_no(value, meant):
    """Recording changed inputs anew is said in so many words."""
    assert wants_relock({"relock": value}) is meant


def test_relock_is_off_by_default_and_never_guessed():
    """A word that is neither yes nor no never lets changed inputs pass."""
    assert wants_relock({}) is False
    with pytest.raises(StudyError, match="relock=maybe"):
        wants_relock({"relock": "maybe"})


def test_check_tells_the_line_that_snakemake_does_not(tmp_path, capsys):
    """Snakemake reads the config first and says only that it is not valid YAML; `sidemine check` names the line."""
    write_planted("positive", tmp_path, 11)
    config = tmp_path / "config.yaml"
    assert main(["check", str(config)]) == 0
    assert "nothing wrong found in 2 datasets, 2 contrasts" in capsys.readouterr().out
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("  seed: 11", "\tseed: 11"), encoding="utf-8")
    assert main(["check", str(config)]) == 1
    line = text.splitlines().index("  seed: 11") + 1
    assert f"line {line}" in capsys.readouterr().err
    assert main(["check", str(tmp_path / "none.yaml")]) == 1
    assert "no config file" in capsys.readouterr().err


@pytest.mark.parametrize(("size", "told"), [(4, True), (5, False)])
def test_check_tells_of_a_primary_set_that_is_too_small(size, told, tmp_path, capsys):
    """Its genes are counted where its library and the table of symbols are at hand; the run says not testable."""
    write_planted("one_gene", tmp_path, 11)
    name, origin, *genes = (tmp_path / "ten.gmt").read_text(encoding="utf-8").rstrip("\n").split("\t")
    (tmp_path / "ten.gmt").write_text("\t".join([name, origin, *genes[:size]]) + "\n", encoding="utf-8")
    assert main(["check", str(tmp_path / "config.yaml")]) == 0
    found = capsys.readouterr().out
    assert (f"hypothesis main: not testable, because SIM_TEN_TARGETS has {size} genes" in found) is told


@pytest.mark.parametrize(
    ("source", "words"), [("GPL570", "neither such a series nor a file"), ("nofile.txt", "neither")]
)
def test_inspect_says_what_it_can_look_into(source, words, capsys):
    """What is neither series nor file is told, with what would be."""
    assert main(["inspect", source]) == 1
    message = capsys.readouterr().err
    assert words in message
    assert "a GEO series" in message


def test_an_unreadable_sheet_makes_up_no_further_problems(tmp_path):
    """Spaces for tabs in datasets.tsv: one problem, not one more for each contrast that names a dataset."""
    from sidemine.study.load import load_study

    write_planted("positive", tmp_path, 11)
    sheet = tmp_path / "datasets.tsv"
    sheet.write_text(sheet.read_text(encoding="utf-8").replace("\t", "  "), encoding="utf-8")
    with pytest.raises(StudyError, match="not tab-separated") as caught:
        load_study(tmp_path / "config.yaml")
    assert len(caught.value.problems) == 1


@pytest.mark.parametrize(
    "words",
    [
        "-n",
        "-np",
        "--dry-run",
        "--list-rules",
        "-l",
        "--lint",
        "--rulegraph",
        "--dag=dot",
        "--summary",
        "-D",
        "--list-untracked",
        "--report page.html",
    ],
)
def test_a_command_that_only_looks_is_known_by_its_words(words):
    """It may be given while a run is under way, and leaves the folders as they are."""
    assert only_looks(["--cores", "1", *words.split()])


@pytest.mark.parametrize(
    "words", ["", "--forcerun x", "-F", "--report-after-run", "--unlock", "--keep-going", "--config a=-n"]
)
def test_every_other_command_works(words):
    assert not only_looks(["--cores", "1", *words.split()])


def test_the_command_is_kept_as_it_was_typed():
    """`sidemine run` starts Snakemake with more words than the user gave."""
    words = ["--profile", "workflow/profiles/slurm", "--config", "results=a folder"]
    assert typed_command(words, {}) == "snakemake --profile workflow/profiles/slurm --config 'results=a folder'"
    assert typed_command(words, {"SIDEMINE_COMMAND": "sidemine run mine"}) == "sidemine run mine"
    assert profiles_of(words, {}) == ["workflow/profiles/slurm"]
    assert profiles_of([], {"SNAKEMAKE_PROFILE": "ours"}) == ["ours"]
    assert profiles_of(["--profile", "none"], {}) == []


def test_the_snakemake_that_runs_a_group_is_known():
    """On a cluster one Snakemake starts another within what the scheduler gave: only the second one works."""
    assert runs_a_group(["--local-groupid", "x", "--mode", "remote"])
    assert not runs_a_group(["--local-groupid", "x", "--executor", "slurm-jobstep"])
    assert not runs_a_group(["--cores", "2"])


def test_a_module_is_given_its_own_keys_and_those_of_ours_that_were_typed():
    """Else `results` beside config_file would be passed over in silence, and a key of the other workflow refused."""
    own = {"config_file": "study/config.yaml", "results": "there"}
    assert given_to_run(own, {}) == own
    assert given_to_run(own, {"results": "here", "relock": "yes", "theirs": 1}) == own | {
        "results": "here",
        "relock": "yes",
    }
    assert given_to_run({"resluts": "x"}, {"resluts": "x"}) == {"resluts": "x"}  # no module: refused by the check
    with pytest.raises(StudyError, match="unknown key 'resluts'"):
        check_command_line(given_to_run({"config_file": "a", "resluts": "x"}, {}))
