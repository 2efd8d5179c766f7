"""The documentation: the site builds, every link leads somewhere, every command is one that works, every message exists."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest
from documents import REPOSITORY, blocks
from test_sentences import PACKAGE, texts_of

from sidemine import cli
from sidemine.run_study import check_options, find_config, overrides_of
from sidemine.simulate.__main__ import build_parser as simulator
from sidemine.study.load import load_study

PAGES = sorted(
    name
    for name in subprocess.run(
        ["git", "ls-files", "*.md"], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True, check=True
    ).stdout.split()
)
TUTORIAL = "docs/tutorial.md"
"""Executed from its first command to its last by tests/workflow/test_first_run.py."""

ELSEWHERE = {
    "python -m sidemine.simulate standins standins": "tests/workflow/test_default_study.py",
    "sidemine run config --cores 2 --config mirror=$PWD/standins results=results_standins downloads=downloads_standins "
    "lock=$PWD/standins/inputs.lock.tsv": "tests/workflow/test_default_study.py",
    "python -m sidemine.simulate standins practice/standins --study config/tnf_inhibitors": "tests/workflow/test_further_studies.py",
    "sidemine run config/tnf_inhibitors --config mirror=../../practice/standins lock=../../practice/inputs.lock.tsv "
    "--cores 2": "tests/workflow/test_further_studies.py",
    "sidemine demo --cores 2": "tests/test_installed_package.py",
    "sidemine atlas results/demo results/my_study --to my_atlas": "tests/workflow/test_planted_studies.py",
    "sidemine atlas my_atlas": "tests/atlas/test_atlas_folder.py",
    "sidemine run config/my_study --profile workflow/profiles/slurm": "tests/workflow/test_slurm.py",
    "sidemine run STUDY --cores 2 --sdm apptainer --config container=/images/sidemine.sif": "tests/errors/test_shared_study_folder.py",
    'sidemine find "venous thromboembolism blood"': "tests/scaffold/test_series_search.py",
    "sidemine new config/my_question --disease GSE19151 GSE48000 --drug GSE161664 --set "
    "HALLMARK_INTERFERON_ALPHA_RESPONSE": "tests/scaffold/test_proposals.py",
    "sidemine fetch STUDY --to mirror": "tests/retrieve/test_fill_mirror.py",
    ".venv/bin/hatchling build -t wheel": "tests/test_installed_package.py",
}
"""Commands whose work another test does, on files of its own: as they stand they take minutes, the internet, or both."""

NOT_RUN = {
    "make demo": "minutes: it sets up an environment and runs a whole study",
    "make test": "it runs this test",
    "make setup": "it sets up the environment that this test runs in",
    "source .venv/bin/activate": "it changes the reader's shell and nothing else",
    "sidemine run config --cores 2": "internet",
    "snakemake --cores 2": "internet",
    "snakemake --cores 2 --configfile config/demo/config.yaml": "minutes: the demo, as in make demo",
    "sidemine inspect GSE48000": "internet",
    "sidemine fetch config/my_study --to mirror/": "internet",
    "sidemine run config/my_study --config mirror=$PWD/mirror --profile workflow/profiles/slurm": "a cluster",
    'sbatch --cpus-per-task 8 --mem 32G --time 4:00:00 --wrap "sidemine run config/my_study --cores 8"': "a cluster",
    "sidemine run STUDY --config mirror=/path/to/mirror": "names that the reader fills in",
    "pipx install dist/sidemine-0.1.0-py3-none-any.whl": "it installs into the home of whoever runs it, from the internet",
    "uv tool install --constraints requirements.lock dist/sidemine-0.1.0-py3-none-any.whl": "as pipx install",
    "docker build --tag sidemine .": "internet and a daemon of root",
    'docker run --rm --user "$(id -u):$(id -g)" --volume "$PWD:/work" sidemine demo --cores 2': "an image",
    "buildah bud --isolation chroot --storage-driver vfs --tag sidemine .": "internet and root",
    "buildah push sidemine docker-archive:sidemine.tar": "an image",
    "apptainer build sidemine.sif docker-archive://sidemine.tar": "an image, and Apptainer",
    "conda build conda.recipe -c conda-forge -c bioconda": "internet and conda",
}
"""Commands that no test runs, each with its reason; what can be checked of them without is checked here."""


def commands_of(page):
    return [command for block in blocks(page) if block.language == "sh" for command in block.commands()]


def commands():
    """Every command of the documentation but the tutorial's, in the order of the pages."""
    return [command for page in PAGES if page != TUTORIAL for command in commands_of(page)]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site, built as `make docs` builds it: a warning is an error, and a link to nothing is a warning."""
    folder = tmp_path_factory.mktemp("site")
    line = [sys.executable, "-m", "sphinx", "--quiet", "--fail-on-warning", "--keep-going", "-c", "docs"]
    done = subprocess.run(
        [*line, "-d", str(folder.parent / "doctrees"), ".", str(folder)], cwd=REPOSITORY, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_the_site_has_every_page_and_every_link_leads_somewhere(site):
    """Sphinx follows each link and anchor; here: no page was left out, and the first one has the name a server looks for."""
    assert {f"{name.removesuffix('.md')}.html" for name in PAGES} <= {
        file.relative_to(site).as_posix() for file in site.rglob("*.html")
    }
    assert (site / "index.html").read_text(encoding="utf-8") == (site / "README.html").read_text(encoding="utf-8")


def test_the_site_asks_nothing_of_the_network(site):
    """No script, style, font or picture has an address."""
    for file in [*site.rglob("*.html"), *site.rglob("*.css")]:
        text = file.read_text(encoding="utf-8")
        loaded = re.findall(r"""(?:src=["']?|@import\s+["']?|url\(["']?)((?:https?:)?//[^"')\s]+)""", text)
        loaded += re.findall(r"""<link\b(?![^>]*rel="canonical")[^>]*href="((?:https?:)?//[^"]+)""", text)
        assert loaded == [], file.name


@pytest.mark.parametrize("page", PAGES)
def test_every_block_of_code_names_its_language(page):
    """What is not named could be a command that no test sees."""
    assert [(block.line, block.text[:60]) for block in blocks(page) if not block.language] == []


def test_every_command_is_run_by_a_test_or_has_a_reason():
    """No command stands in the documentation that nobody looks at, and none in these lists that nobody reads."""
    known = RUN_HERE | ELSEWHERE.keys() | NOT_RUN.keys()
    assert sorted(set(commands()) - known) == []
    assert sorted(known - set(commands())) == []
    assert [name for name in ELSEWHERE.values() if not (REPOSITORY / name).is_file()] == []


RUN_HERE = {
    "cp -r config/demo config/my_study",
    "sed -i 's/^  id: demo$/  id: my_study/' config/my_study/config.yaml",
    "sidemine run config/my_study --cores 2",
    "sidemine --version",
}


def test_a_copy_of_the_demo_becomes_a_study_of_its_own(tmp_path, monkeypatch, capsys):
    """The three commands of the README, to the door of the run: the demo's own run takes minutes."""
    monkeypatch.chdir(tmp_path)
    for name in ("config", "resources"):
        shutil.copytree(REPOSITORY / name, name)
    for command in (command for command in commands_of("README.md") if command in RUN_HERE):
        words = shlex.split(command)
        if words[0] == "sidemine":
            parsed, more = cli.build_parser().parse_known_args(words[1:])
            check_options(more, parsed.study, {})
            study = load_study(find_config(parsed.study), overrides_of(more), check_files=False)
            assert study.config.study.id == "my_study"
        else:
            subprocess.run(words, check=True)
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--version"])
    assert capsys.readouterr().out.startswith("sidemine ")


@pytest.mark.parametrize("command", sorted({*ELSEWHERE, *NOT_RUN}))
def test_a_command_that_is_not_run_as_it_stands_is_one(command):
    """Its program knows its words: subcommand, options, target of make, file that it names."""
    words = shlex.split(command.replace("$PWD", str(Path.cwd())))
    if words[0] == "sidemine":
        parsed, more = cli.build_parser().parse_known_args(words[1:])
        if words[1] in {"run", "demo"}:
            check_options(more, getattr(parsed, "study", Path("config/demo")), {})
        else:
            assert more == [] or words[1] == "atlas"
    elif words[:3] == ["python", "-m", "sidemine.simulate"]:
        simulator().parse_args(words[3:])
    elif words[0] == "make":
        assert re.search(rf"^{words[1]}:", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    for word in words:
        if word.startswith(("config", "workflow/", "requirements", "conda.")) and "my_" not in word and "=" not in word:
            assert (REPOSITORY / word).exists(), word


def test_commands_within_sentences_exist():
    """`sidemine check`, `make docs`, `python benchmarks/…`: subcommand, target, script and module are there.

    The history may speak of what is no more.
    """
    text = "\n".join((REPOSITORY / page).read_text(encoding="utf-8") for page in PAGES if page != "CHANGELOG.md")
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    there = {
        r"`sidemine ([a-z]+)\b": lambda name: (
            f"    {name} " in f"{cli.build_parser().format_help()} ".replace("\n", " \n")
        ),
        r"`make ([a-z-]+)\b": lambda name: re.search(rf"^{name}:", makefile, re.MULTILINE) is not None,
        r"`python ((?:benchmarks|docs)/\w+\.py)\b": lambda name: (REPOSITORY / name).is_file(),
        r"`python -m (sidemine[\w.]*)": lambda name: find_spec(name) is not None,
    }
    for pattern, exists in there.items():
        named = set(re.findall(pattern, text))
        assert named, pattern
        assert [name for name in sorted(named) if not exists(name)] == [], pattern


def messages():
    """The messages of docs/troubleshooting.md, in its words."""
    text = (REPOSITORY / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    return re.findall(r"^\| “(.+?)” \|", text, re.MULTILINE)


@pytest.fixture(scope="module")
def texts_of_the_code():
    """Every text of the modules that tell of problems, what is filled in as …."""
    tell = (file for file in sorted(PACKAGE.rglob("*.py")) if "Problem(" in file.read_text(encoding="utf-8"))
    return [text for file in tell for text in texts_of(file)]


def test_every_message_of_the_troubleshooting_exists(texts_of_the_code):
    """In these words: a message that is worded anew needs its row mended."""
    assert 25 <= len(messages()) <= 50
    missing = []
    for message in messages():
        words = re.compile("".join(".*" if part == "…" else re.escape(part) for part in re.split("(…)", message)))
        said = (text for text in texts_of_the_code if words.match(text))
        if next(said, None) is None:
            missing.append(message)
    assert missing == []


def test_the_figures_of_the_statistics_are_those_that_were_measured(monkeypatch):
    """Run `python docs/write_statistics.py` when a table of resources/calibration or a paper has changed."""
    monkeypatch.syspath_prepend(REPOSITORY / "docs")
    page = import_module("write_statistics")
    text = page.PAGE.read_text(encoding="utf-8")
    assert page.with_tables(text) == text
