"""What rooms declare: their files fit together, their specifications come back, and a job runs on its files by name."""

from __future__ import annotations

import ast
import inspect
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
from rich_study import load

from sidemine.considerations.registry import CONSIDERATIONS
from sidemine.registered_jobs import STUDY_JOBS
from sidemine.retrieve.study_sources import StudySources
from sidemine.study.plan import StudyPlan
from sidemine.study.projections import Projection
from sidemine.study_jobs import JobFiles, StudyJob, run_job


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    study = load(tmp_path_factory.mktemp("study"))
    return StudyPlan(study, StudySources.of(study))


@pytest.mark.parametrize("job", STUDY_JOBS, ids=lambda job: job.name)
def test_files_of_a_declared_job_have_names_of_their_own(job, plan):
    """Tables beside the workflow and what the rule adds take no name of an input; the wildcard stands in every output."""
    outputs = job.output_files(plan)
    assert "provenance" not in outputs
    for patterns in outputs.values():
        for pattern in [patterns] if isinstance(patterns, str) else patterns:
            assert (f"{{{job.wildcard}}}" in pattern) == bool(job.wildcard)
    assert all(paths for paths in job.resource_files.values())
    specifications = job.specifications(plan)
    assert specifications
    for about, specification in specifications.items():
        assert bool(about) == bool(job.wildcard)
        assert not job.input_files(plan, about).keys() & {*job.resource_files, "checked"}
        plain = specification.model_dump(mode="json", by_alias=True)
        assert type(specification).model_validate(plain) == specification


def asked_for(job):
    """Return the names under which the module of a job asks for its inputs: `inputs.path("a")`, or for each of ("a", "b")."""
    tree = ast.parse(Path(inspect.getsourcefile(job.run)).read_text(encoding="utf-8"))
    calls = [
        (node.elt, node.generators[0].iter) if isinstance(node, ast.GeneratorExp) else (node, *node.args)
        for node in ast.walk(tree)
        if isinstance(node, ast.GeneratorExp | ast.Call)
    ]
    asked = [
        part
        for call, *parts in calls
        for part in parts[:1]
        if re.match(r"inputs\.(path|paths|by_folder|by_stem)\(", ast.unparse(call))
    ]
    return {name.value for part in asked for name in ast.walk(part) if isinstance(name, ast.Constant)}


@pytest.mark.parametrize(
    "job", [job for job in STUDY_JOBS if ".considerations." in job.module], ids=lambda job: job.name
)
def test_a_consideration_declares_the_files_that_it_asks_for_and_no_others(job, plan):
    """One that is missing stops a run when it is there; one too many makes the job wait and run again for nothing."""
    judged = {entry.name for entry in CONSIDERATIONS if entry.of_variants} if job.name == "vary_analysis" else set()
    for about in job.specifications(plan):
        assert {*job.input_files(plan, about), *job.resource_files} == asked_for(job) | judged


def test_what_a_consideration_reads_some_job_writes(plan):
    """A record of its own comes from its own job; the traps read what `quality/` writes."""
    for entry in CONSIDERATIONS:
        files = entry.record_files(plan)
        assert files
        if entry.job is not None:
            written = [
                path
                for patterns in entry.job.output_files(plan).values()
                for path in ([patterns] if isinstance(patterns, str) else patterns)
            ]
            assert set(files) <= set(written)


class Asked(Projection):
    words: str


def _write(inputs, outputs, specification):
    text = "".join(path.read_text() for path in inputs.paths("parts")) + specification.words
    outputs.path("joined").write_text(text)


def test_a_job_runs_on_its_files_by_name(tmp_path, monkeypatch):
    """Inputs come as one path or several, the specification as the record that was asked for."""
    module = ModuleType("some_room.job")
    module.JOB = StudyJob(
        name="join_parts", message="", specification=Asked, specify=lambda _: {}, inputs=lambda *_: {}, outputs={}, run=_write
    )  # fmt: skip
    monkeypatch.setitem(sys.modules, "some_room.job", module)
    for name in "ab":
        (tmp_path / name).write_text(name)
    parts = [str(tmp_path / name) for name in "ab"]
    run_job("some_room.job", {"parts": parts}, {"joined": str(tmp_path / "c")}, {"words": "!"})
    assert (tmp_path / "c").read_text() == "ab!"
    assert module.JOB.specifications(None) == {}
    module.JOB = None
    with pytest.raises(TypeError, match=r"some_room\.job\.JOB is no job"):
        run_job("some_room.job", {}, {}, {})


def test_one_path_is_asked_of_one_file(tmp_path):
    files = JobFiles({"two": [tmp_path / "x" / "f", tmp_path / "y" / "g.json"], "one": [tmp_path / "h"]})
    assert files.path("one") == tmp_path / "h"
    assert list(files.by_folder("two")) == ["x", "y"]
    assert list(files.by_stem("two")) == ["f", "g"]
    assert len(files.every_path) == 3
    with pytest.raises(ValueError, match="too many values"):
        files.path("two")
