"""A study folder that somebody else made is data: nothing in it is run, and it reads and writes nothing but its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sidemine.cli import main
from sidemine.errors import StudyError
from sidemine.run_study import (
    check_options,
    load_checked,
    overrides_of,
    snakemake_command,
    snakemake_environment,
)
from sidemine.simulate.studies import write_planted
from sidemine.study.command_line import check_command_line
from sidemine.study.plain_yaml import MAX_DEPTH, find_unplain

CODE = "import pathlib; pathlib.Path(__file__).with_name('RAN_{name}').touch()\n"

NOT_PLAIN = {
    "expressions": ("__use_yte__: true\nx: ?1 + 1\n", "run as code"),
    "quoted_key": ('"__use_yte__": yes\n', "run as code"),
    "escaped_key": ('"\\x5f_use_yte__": true\n', "run as code"),
    "switched_off": ("__use_yte__: false\n", "run as code"),
    "inside": ("study:\n  __use_yte__: true\n", "run as code"),
    "json": ('{"__use_yte__": true, "x": "?1"}', "run as code"),
    "object": ("x: !!python/name:os.system\n", "type of its own"),
    "own_tag": ("x: !thing {a: 1}\n", "type of its own"),
    "bomb": ("a: &a [1, 1]\nb: &b [*a, *a]\nc: [*b, *b]\n", "by reference"),
    "merge": ("a: &a {x: 1}\nb: {<<: *a}\n", "by reference"),
    "documents": ("a: 1\n---\nb: 2\n", "more than one"),
    "deep": ("a: " + "[" * (MAX_DEPTH + 5) + "]" * (MAX_DEPTH + 5), "too deeply"),
    "very_deep": ("a: " + "[" * 200_000, "too deeply"),
    "large": ("a: " + "x" * 6_000_000, "too large"),
}


@pytest.mark.parametrize("name", NOT_PLAIN)
def test_a_config_that_is_more_than_data_is_refused_before_anything_is_built_from_it(name, tmp_path):
    """Expressions, objects, bombs: told by the line, with where to read on."""
    text, words = NOT_PLAIN[name]
    problems = find_unplain(text, tmp_path / "config.yaml")
    assert words in str(problems[0])
    assert "SECURITY.md" in problems[0].allowed
    (tmp_path / "config.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(StudyError, match=words):
        load_checked(tmp_path)


_PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(min_size=1, max_size=8), _PLAIN, max_size=5))
def test_plain_values_pass(content):
    """Whatever values a person may write, they are no reason to refuse the file."""

    class _Plain(yaml.SafeDumper):
        def ignore_aliases(self, data: object) -> bool:
            return True

    assert find_unplain(yaml.dump(content, Dumper=_Plain), Path("c")) == []


@pytest.fixture
def study(tmp_path, monkeypatch):
    """A planted study in a folder of its own, and a working directory elsewhere."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    write_planted("positive", tmp_path / "study", 11)
    return tmp_path / "study"


def _add(study: Path, text: str) -> None:
    with (study / "config.yaml").open("a", encoding="utf-8") as config:
        config.write(text)


def test_a_study_that_keeps_to_itself_is_loaded(study):
    """By its folder or by its file."""
    assert load_checked(study).config.study.id == "planted_positive"
    assert load_checked(study / "config.yaml").config.study.id == "planted_positive"


OUTSIDE = {
    "results": ("results: ../elsewhere\n", "write outside"),
    "downloads": ("downloads: /var/tmp/x\n", "write outside"),
    "lock": ("lock: ../../lock.tsv\n", "write outside"),
    "home": ("lock: ~/lock.tsv\n", "write outside"),
    "sheet": ("published_tables: ../../secret.tsv\n", "read outside"),
    "considered": ("considered: /etc/passwd\n", "read outside"),
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_paths_that_lead_outside_are_refused(study, name):
    """They are told before any of them is opened; the message says how to allow one."""
    text, words = OUTSIDE[name]
    _add(study, text)
    with pytest.raises(StudyError, match=words) as caught:
        load_checked(study)
    assert "--allow" in str(caught.value)
    assert "passwd" not in str(caught.value) or "root:" not in str(caught.value)


def test_inputs_and_links_that_lead_outside_are_refused_until_they_are_allowed(study, tmp_path, monkeypatch):
    """A key file as gene-set library, behind a link or a variable: its content would stand on a page that is passed on."""
    (tmp_path / "home").mkdir()
    secret = tmp_path / "home" / "id_rsa"
    secret.write_text("PRIVATE\n")
    sheet = study / "gene_sets.tsv"
    original = sheet.read_text(encoding="utf-8")
    monkeypatch.setenv("SOMEWHERE", str(tmp_path / "home"))
    (study / "link.gmt").symlink_to(secret)
    for value in ("../home/id_rsa", str(secret), "link.gmt", "${SOMEWHERE}/id_rsa"):
        sheet.write_text(original.replace("sets.gmt", value), encoding="utf-8")
        with pytest.raises(StudyError, match="read outside its own folder") as caught:
            load_checked(study)
        assert "PRIVATE" not in str(caught.value)
        assert load_checked(study, allowed=[tmp_path / "home"])
    assert main(["run", str(study), "-n"]) == 1


def test_marker_files_that_lead_outside_are_refused_unread_until_they_are_allowed(study, tmp_path):
    """Column composition names a file, too: by its path or behind a link; its first line stands in no message."""
    home = tmp_path / "home"
    home.mkdir()
    genes = "".join(f"lining\tL{number}\n" for number in range(4))
    (home / "markers.tsv").write_text(f"cell_type\tgene\n{genes}", encoding="utf-8")
    (home / "secret.tsv").write_text("PRIVATE\n", encoding="utf-8")
    (study / "link.tsv").symlink_to(home / "markers.tsv")
    (study / "secret.tsv").symlink_to(home / "secret.tsv")
    sheet = study / "datasets.tsv"
    original = sheet.read_text(encoding="utf-8")
    assert "\tblood\t" in original
    for value in ("../home/markers.tsv", str(home / "markers.tsv"), "link.tsv", "secret.tsv", "../home/secret.tsv"):
        sheet.write_text(_with_composition(original, value), encoding="utf-8")
        with pytest.raises(StudyError, match="read outside its own folder") as caught:
            load_checked(study)
        assert f"column composition, value {value!r}" in str(caught.value)
        assert "PRIVATE" not in str(caught.value)
        if "secret" not in value:
            assert value in load_checked(study, allowed=[home]).own_markers


def _with_composition(sheet: str, value: str) -> str:
    lines = [line.split("\t") for line in sheet.splitlines()]
    column = next(cells for cells in lines if "composition" in cells).index("composition")
    for cells in lines:
        if len(cells) > column and cells[column] == "blood":
            cells[column] = value
    return "\n".join("\t".join(cells) for cells in lines) + "\n"


def test_what_the_user_typed_needs_no_leave(study, tmp_path):
    """`--config results=…` comes from the person at the keyboard, not from the folder."""
    _add(study, "results: ../elsewhere\n")
    assert load_checked(study, overrides={"results": str(tmp_path / "mine")})


@pytest.mark.parametrize("value", ["a{config}", "<logs>", "re*sults", "a\nb"])
def test_places_that_snakemake_would_read_as_patterns_are_refused(study, value):
    """Braces and angle brackets in a path mean something to Snakemake."""
    _add(study, f"results: {yaml.dump(value, default_style=chr(34))}")
    with pytest.raises(StudyError, match="results"):
        load_checked(study)


def test_options_that_would_undo_the_check_are_refused(study, monkeypatch):
    """Another workflow, another config, a profile out of the study's folder."""
    (study / "profile").mkdir()
    (study / "profile" / "config.yaml").write_text("cores: 1\n")
    for options in (["--configfile", "x"], ["-s", "x"], ["--snakefile=x"], ["--config", "config_file=x"]):
        with pytest.raises(StudyError, match="does not take"):
            check_options(options, study, {})
    for options, environment in (
        (["--profile", str(study / "profile")], {}),
        ([f"--workflow-profile={study / 'profile'}"], {}),
        ([], {"SNAKEMAKE_PROFILE": str(study / "profile")}),
    ):
        with pytest.raises(StudyError, match="profile of Snakemake lies in the study's folder"):
            check_options(options, study, environment)
    monkeypatch.chdir(study)
    check_options(["--cores", "2", "-n", "--config", "mirror=/x"], study, {})
    Path(".snakemake/pip-deployments").mkdir(parents=True)
    with pytest.raises(StudyError, match="modules that Snakemake may import"):
        check_options([], study, {})


def test_an_image_for_the_jobs_is_named_by_who_runs_the_study(study):
    """An image runs code: the command line may name one, a study folder may not."""
    check_command_line({"container": "/images/sidemine.sif"})
    _add(study, "container: docker://somebody/else\n")
    with pytest.raises(StudyError, match="container"):
        load_checked(study)


def test_the_command_names_all_that_snakemake_would_look_for(study):
    """Neither a Snakefile nor a profile of the working directory is picked up, and cores are asked for once."""
    command = snakemake_command(study / "config.yaml", ["-n"], {})
    assert command[1] == "-P"
    assert command[-2:] == ["--configfile", str((study / "config.yaml").resolve())]
    assert command[command.index("--workflow-profile") + 1].endswith("workflow/profiles/default")
    assert "all" in command
    for option in (["--cores", "2"], ["-j4"], ["-c", "1"], ["--profile", "slurm"]):
        assert "all" not in snakemake_command(study / "config.yaml", option, {})
    assert "all" not in snakemake_command(study / "config.yaml", [], {"SNAKEMAKE_PROFILE": "/home/me/slurm"})
    assert "all" in snakemake_command(study / "config.yaml", ["--profile", "none"], {"SNAKEMAKE_PROFILE": "slurm"})
    environment = snakemake_environment({"A": "b"}, ["run", "a study", "-n"])
    assert environment == {"A": "b", "PYTHONSAFEPATH": "1", "SIDEMINE_COMMAND": "sidemine run 'a study' -n"}
    assert overrides_of(["--config", "mirror=/m", "x=y", "--cores", "lock=/l"]) == {"mirror": "/m"}
    assert overrides_of(["-Cmirror=/m", "-j4"]) == {"mirror": "/m"}


def test_config_stands_once(study):
    """Of two, Snakemake drops the first without a word: what was checked would not be what runs."""
    for second in (["--config", "results=/b"], ["--config=results=/b"], ["-C", "results=/b"], ["-Cresults=/b"]):
        with pytest.raises(StudyError, match="stands twice"):
            check_options(["--config", "mirror=/a", *second], study, {})


@pytest.mark.workflow
def test_nothing_in_a_hostile_folder_is_run(study):
    """Modules, workflows and profiles in the folder where somebody starts the run, to the first results."""
    for name in ("yaml", "pandas", "sidemine", "yte", "sitecustomize"):
        (study / f"{name}.py").write_text(CODE.format(name=name))
    (study / "Snakefile").write_text("from pathlib import Path\nPath('RAN_Snakefile').touch()\n")
    for folder in ("default", "profiles/default"):
        (study / folder).mkdir(parents=True)
        (study / folder / "config.yaml").write_text(
            "__use_yte__: true\nx: ?__import__('pathlib').Path('RAN_profile').touch()\n"
        )
    line = [str(Path(sys.executable).with_name("sidemine")), "run", ".", "--cores", "1"]
    line += ["results/planted_positive/datasets/cohort_a/samples.tsv"]
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(line, cwd=study, env=kept, capture_output=True, text=True, check=False, timeout=1800)
    assert done.returncode == 0, done.stderr[-3000:]
    assert (study / "results/planted_positive/datasets/cohort_a/samples.tsv").is_file()
    assert sorted(study.rglob("RAN_*")) == []
