"""Every rule says what it needs of the machine, names what it reads and writes, and is given what it uses of the study."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest
from snakemake.api import SnakemakeApi
from snakemake.settings.types import ConfigSettings, OutputSettings, ResourceSettings

from sidemine.simulate.studies import write_planted
from sidemine.warm_job import READERS

REPOSITORY = Path(__file__).parents[2]
FILES = sorted((REPOSITORY / "workflow" / "rules").glob("*.smk"))
ORDER = ("input", "output", "log", "threads", "resources", "params", "message", "script")
NEEDED = {*ORDER} - {"input"}
TARGETS = {"all", "annex", "study"}
"""Rules that make nothing themselves."""


@pytest.fixture(scope="module")
def rules(tmp_path_factory):
    """All rules of a study, as Snakemake reads them."""
    folder = tmp_path_factory.mktemp("rules")
    config = write_planted("positive", folder, 11)
    # The rules set variables for their jobs, which are none of the other tests'.
    with pytest.MonkeyPatch.context() as patch, SnakemakeApi(OutputSettings()) as api:
        for name in (
            "PYTHONPATH",
            READERS,
            *(f"{library}_NUM_THREADS" for library in ("OMP", "OPENBLAS", "MKL", "NUMBA")),
        ):
            patch.setenv(name, "")
            patch.delenv(name)
        workflow = api.workflow(
            resource_settings=ResourceSettings(cores=1),
            config_settings=ConfigSettings(configfiles=[config]),
            snakefile=REPOSITORY / "workflow" / "Snakefile",
            workdir=folder,
        )
        inner = workflow._workflow
        return [rule for rule in inner.rules if rule.name not in TARGETS]


def test_every_rule_says_what_it_needs(rules):
    """Threads (one each, so that results do not depend on --cores), memory, time, a log, words for the reader."""
    assert len(rules) > 20
    for rule in rules:
        assert rule.resources["_cores"] == 1, rule.name
        assert {"mem_mb", "runtime"} <= rule.resources.keys(), rule.name
        assert rule.log, rule.name
        assert rule.message, rule.name


def test_every_file_of_a_rule_has_a_name(rules):
    """No `output[0]`: a file that is added moves no other one."""
    for rule in rules:
        for files in (rule.input, rule.output):
            named = {position for _, (start, end) in files._get_names() for position in range(start, end or start + 1)}
            unnamed = [files[position] for position in range(len(files)) if position not in named]
            assert all(file.is_callable() for file in unnamed), rule.name  # unpack() gives names later


def test_a_specification_and_its_code_are_parameters(rules):
    """What a job uses of the study and the code that it runs; retrieval and the two last records aside."""
    without = {rule.name for rule in rules if not {"specification", "code"} <= dict(rule.params.items()).keys()}
    assert without == {"retrieve_input", "describe_study", "build_report", "record_run", "draw_annex"}


def test_the_study_is_told_apart_by_a_digest(rules):
    """Snakemake compares, keeps and prints parameters, but no functions of `input`: the log held the whole study, drawings included."""
    (describe,) = (rule for rule in rules if rule.name == "describe_study")
    params = dict(describe.params.items())
    assert "input" in inspect.signature(params["study"]).parameters
    assert re.fullmatch("[0-9a-f]{16}", params["digest"])


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.stem)
def test_rules_have_one_order_and_one_idiom(file):
    """Keywords in one order; threads and resources stand in every rule; many files are named by `expand`."""
    text = file.read_text(encoding="utf-8")
    for rule in re.split(r"^ *(?:rule|checkpoint)\b[^:\n]*:\n", text, flags=re.MULTILINE)[1:]:
        if not re.search(r"^ *script:", rule, re.MULTILINE):
            continue  # a target
        keywords = [word for word in re.findall(r"^ +(\w+):(?: |$)", rule, re.MULTILINE) if word in ORDER]
        assert keywords == [word for word in ORDER if word in keywords]
        assert set(keywords) >= NEEDED
        files = rule.partition("log:")[0]
        assert "output[" not in files
        assert not re.search(r"\[[^\]]*\bfor \w+", files), "use expand(pattern, wildcard=names)"
