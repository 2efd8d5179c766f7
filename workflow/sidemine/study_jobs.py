"""What a consideration or a line of evidence declares so that the workflow runs its measurement: one `StudyJob`.

The `job.py` of a room holds it under the name `JOB`. `workflow/rules/evidence.smk` makes a rule of every registered job,
and `workflow/scripts/run_study_job.py` runs it: the files come in and go out by name, the specification as the record
that the room asked for.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from sidemine.places import RESOURCES
from sidemine.study.projections import Projection

if TYPE_CHECKING:
    from sidemine.study.plan import StudyPlan

Specified = TypeVar("Specified", bound=Projection)
Patterns = Mapping[str, str | Sequence[str]]
"""Paths of files by name, as rules have them: `<results>/…`, `<downloads>/…`."""


@dataclass(frozen=True)
class JobFiles:
    """Files of a job by the name that its declaration gives them."""

    by_name: Mapping[str, Sequence[Path]]

    def path(self, name: str) -> Path:
        """Return the file of a name that has just one.

        Raises
        ------
        ValueError
            When there are none or several.
        """
        (path,) = self.by_name[name]
        return path

    def paths(self, name: str) -> list[Path]:
        """Return the files of a name, in declared order."""
        return list(self.by_name[name])

    def by_folder(self, name: str) -> dict[str, Path]:
        """Return the files of a name by the folder that they lie in: that of their dataset or contrast."""
        return {path.parent.name: path for path in self.by_name[name]}

    def by_stem(self, name: str) -> dict[str, Path]:
        """Return the files of a name by their own name without its ending: that of their hypothesis."""
        return {path.stem: path for path in self.by_name[name]}

    @property
    def every_path(self) -> list[str]:
        """All of them, for `retrieve.refusal.note_refusals`: a job that reads retrieved files notes what it refuses."""
        return [str(path) for paths in self.by_name.values() for path in paths]


@dataclass(frozen=True, kw_only=True)
class Job(ABC):
    """A job as the workflow sees it.

    Attributes
    ----------
    name, message
        Name of its rule, verb and object; what a run says of it.
    wildcard
        Where there is a job for each of something: what one is about (`table`, `contrast`, `dataset`, `hypothesis`).
        Its paths hold this word in braces. Empty: one job does it all.
    outputs
        What it writes, or how that follows from the study.
    resources
        Small tables beside the workflow that it reads: patterns below `resources/` by name. They are seen like code, and
        `run` finds them among its inputs.
    after_designs
        Whether it waits until all designs are checked; everything that rests on values does.
    priority
        Jobs of a higher one start first.
    """

    name: str
    message: str
    outputs: Patterns | Callable[[StudyPlan], Patterns]
    wildcard: str = ""
    resources: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    after_designs: bool = True
    priority: int = 0

    @abstractmethod
    def specifications(self, plan: StudyPlan) -> dict[str, Projection]:
        """Return the specification of every job by what it is about ('' where one does it all); none: no such job."""

    @abstractmethod
    def input_files(self, plan: StudyPlan, about: str) -> Patterns:
        """Return what a job reads."""

    @abstractmethod
    def execute(self, inputs: JobFiles, outputs: JobFiles, specification: Mapping[str, object]) -> None:
        """Run a job.

        Parameters
        ----------
        inputs, outputs
            Its files by name.
        specification
            Its specification as JSON values.
        """

    @property
    @abstractmethod
    def code(self) -> tuple[str, ...]:
        """What makes its results, as `code_digest` takes it: `module:name` each."""

    @property
    def module(self) -> str:
        """The module that declares it, as `JOB`."""
        return self.code[0].partition(":")[0]

    def output_files(self, plan: StudyPlan) -> Patterns:
        """Return what it writes."""
        return self.outputs(plan) if callable(self.outputs) else self.outputs

    @property
    def group(self) -> str:
        """Name of the jobs that a cluster runs in one submission with it: readers of files, or what rests on values."""
        return "evidence" if self.after_designs else "samples"

    @property
    def log(self) -> str:
        """Pattern of its log."""
        return f"<logs>/{self._place}.log"

    @property
    def provenance(self) -> str:
        """Pattern of the record of what it did (`sidemine.provenance`)."""
        return f"<results>/provenance/{self._place}.json"

    @property
    def _place(self) -> str:
        return f"{self.name}/{{{self.wildcard}}}" if self.wildcard else self.name

    @property
    def resource_files(self) -> dict[str, list[Path]]:
        """The tables beside the workflow that it reads, those that there are."""
        return {
            name: sorted(
                path
                for pattern in ([patterns] if isinstance(patterns, str) else patterns)
                for path in RESOURCES.glob(pattern)
            )
            for name, patterns in self.resources.items()
        }


@dataclass(frozen=True, kw_only=True)
class StudyJob(Job, Generic[Specified]):
    """A job as its room declares it.

    Attributes
    ----------
    specification
        What `run` uses of the study, as a record; nothing else of the study reaches it.
    specify
        Gives it from the study: one, or a mapping by what each job is about. An empty mapping: there is nothing to do.
    inputs
        Gives the files that are read, by name, from the study and the specification of the job.
    run
        Reads the inputs, calls the room's measure, writes the outputs. A function at the top of the module: its code is
        followed from there.
    """

    specification: type[Specified]
    specify: Callable[[StudyPlan], Specified | Mapping[str, Specified]]
    inputs: Callable[[StudyPlan, Specified], Patterns]
    run: Callable[[JobFiles, JobFiles, Specified], None]

    def specifications(self, plan: StudyPlan) -> dict[str, Projection]:
        """Return the specification of every job by what it is about ('' where one does it all); none: no such job."""
        return dict(self._specified(plan))

    def input_files(self, plan: StudyPlan, about: str) -> Patterns:
        """Return what a job reads."""
        return self.inputs(plan, self._specified(plan)[about])

    def execute(self, inputs: JobFiles, outputs: JobFiles, specification: Mapping[str, object]) -> None:
        """Run a job.

        Parameters
        ----------
        inputs, outputs
            Its files by name.
        specification
            Its specification as JSON values.
        """
        self.run(inputs, outputs, self.specification.model_validate(specification))

    @property
    def code(self) -> tuple[str, ...]:
        """What makes its results, as `code_digest` takes it: `module:name` each."""
        return tuple(f"{part.__module__}:{part.__name__}" for part in (self.run, self.specification))

    def _specified(self, plan: StudyPlan) -> Mapping[str, Specified]:
        given = self.specify(plan)
        return given if isinstance(given, Mapping) else {"": given}


def run_job(
    module: str,
    inputs: Mapping[str, str | Sequence[str]],
    outputs: Mapping[str, str | Sequence[str]],
    specification: Mapping[str, object],
) -> None:
    """Run the job that a module declares.

    Parameters
    ----------
    module
        Module that holds it as `JOB`.
    inputs, outputs
        Paths by name, as Snakemake gives them.
    specification
        Its specification as JSON values.
    """
    job = import_module(module).JOB
    if not isinstance(job, StudyJob):  # this kind by its name, for `code_digest`: it says how a job is run
        raise TypeError(f"{module}.JOB is no job")
    job.execute(JobFiles({**_as_paths(inputs), **job.resource_files}), JobFiles(_as_paths(outputs)), specification)


def _as_paths(named: Mapping[str, str | Sequence[str]]) -> dict[str, list[Path]]:
    return {
        name: [Path(paths)] if isinstance(paths, str) else [Path(path) for path in paths]
        for name, paths in named.items()
    }
