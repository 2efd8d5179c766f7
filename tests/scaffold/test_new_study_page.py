"""docs/new-study.md: every command that it shows is run as it stands, or, where it would fetch or compute, taken to its door."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

from sidemine import cli
from sidemine.run_study import check_options, load_checked, overrides_of
from sidemine.simulate.__main__ import main as simulate

PAGE = Path(__file__).parents[2] / "docs" / "new-study.md"


def commands():
    """The commands of the page, in its order."""
    blocks = re.findall(r"```\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return [shlex.split(line) for block in blocks for line in block.splitlines()]


def test_the_page_leads_from_accessions_to_the_door_of_a_run(tmp_path, monkeypatch, capsys):
    """A study is made, passes its check, and the look ahead finds nothing that would stop it."""
    monkeypatch.chdir(tmp_path)
    for name in ("config", "resources"):  # the page stands in a clone
        shutil.copytree(PAGE.parents[1] / name, tmp_path / name)
    told = {}
    for command in commands():
        words = [*command]
        if words[:3] == ["python", "-m", "sidemine.simulate"]:
            assert simulate(words[3:]) == 0
        elif words[1] == "find":  # asks NCBI: the command line must be one, and no more
            assert cli.build_parser().parse_args(words[1:]).words
        elif words[1] == "run":
            parsed, more = cli.build_parser().parse_known_args(words[1:])
            check_options(more, parsed.study, {})
            study = load_checked(parsed.study, overrides=overrides_of(more))
            assert len(study.contrasts) >= 2
        else:
            assert cli.main(words[1:]) == 0, capsys.readouterr().err
        told[words[1]] = capsys.readouterr().out
    assert {"find", "new", "inspect", "check", "preflight", "run"} <= told.keys()
    assert "would stop a run or make a contrast untestable" in told["preflight"]


def test_pages_that_it_links_to_are_there():
    for target in re.findall(r"\]\(([^)#]+)", PAGE.read_text(encoding="utf-8")):
        assert (PAGE.parent / target).exists(), target
