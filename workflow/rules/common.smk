import os
import re
import sys
from pathlib import Path

# The package lies beside this workflow: it is found without being installed, here and in the scripts.
WORKFLOW = Path(str(workflow.current_basedir)).resolve().parent
sys.path.insert(0, str(WORKFLOW))
PATHS = [str(WORKFLOW), os.environ.get("PYTHONPATH", "")]
os.environ.update(PYTHONPATH=os.pathsep.join(filter(None, PATHS)))
# Results must not depend on --cores: linear algebra runs on one thread per job, and jobs run side by side.
LIBRARIES = ("OMP", "OPENBLAS", "MKL", "NUMBA")
os.environ.update({f"{library}_NUM_THREADS": "1" for library in LIBRARIES})

from sidemine.code_digest import digest_of_package, digest_of_script
from sidemine.engine.ended_jobs import FailureWatch
from sidemine.engine.failed_run import close_failed_run, forget_missing
from sidemine.engine.final_files import final_files
from sidemine.engine.limits import get_limit
from sidemine.engine.local_files import (
    digests_of,
    megabytes_of,
    origin_of,
    place_of,
)
from sidemine.engine.slurm import begin_on_slurm
from sidemine.engine.spared_work import group_anew, spare_work, start_jobs_at_once
from sidemine.engine.study_run import open_run
from sidemine.errors import SidemineError
from sidemine.study.command_line import (
    given_to_run,
    only_looks,
    runs_a_group,
    study_file_of,
    wants_relock,
)
from sidemine.study.scope import Scope
from sidemine.registered_jobs import STUDY_JOBS, specify_study
from sidemine.study.plan import StudyPlan
from sidemine.study.specifications import to_plain_specifications

WORKS = workflow.is_main_process and not only_looks(sys.argv[1:])


def get_run():
    """Read and check the study of this run; all problems are told at once, before any work."""
    try:
        # The scripts ask for it themselves: as a parameter it would have every input fetched again, twice.
        wants_relock(config)
        run = open_run(STUDY_FILE, GIVEN, works=WORKS)
    except SidemineError as error:
        # WorkflowError is shown as it is; a traceback through Snakemake would bury the message.
        raise WorkflowError(f"{STUDY_FILE}: {error}") from None
    if WORKS or runs_a_group(sys.argv[1:]):
        spare_work()
    return run


GIVEN = given_to_run(config, workflow.config_settings.config)
# The scripts of a module read there whether inputs are recorded anew.
config.update(GIVEN)
STUDY_FILE = study_file_of(config, workflow.configfiles)
RUN = get_run()
# Snakemake tells its log of every job that failed, and then decides whether to try it again.
ENDED = FailureWatch(
    RUN.started, lambda rule: setattr(workflow.get_rule(rule), "restart_times", 0)
)
STUDY, SOURCES, SCOPE = RUN.study, RUN.sources, Scope(RUN.study)
PLAN = StudyPlan(STUDY, SOURCES)
SPECIFICATIONS = to_plain_specifications(specify_study(PLAN, digest_of_package()))
logger.addHandler(ENDED)


pathvars:
    results=str(RUN.results),
    downloads=str(RUN.downloads),
    logs=str(RUN.logs),


wildcard_constraints:
    dataset="|".join(STUDY.datasets) or "none",
    contrast="|".join(STUDY.contrasts) or "none",
    table="|".join(STUDY.published_tables) or "none",
    hypothesis="|".join(SCOPE.hypotheses),
    line="|".join(STUDY.lines) or "none",


def get_code(script, *modules):
    """Return the digest of a script and of the modules it imports: Snakemake itself does not see the latter.

    Modules that the script finds by name while it runs are named here.
    """
    return digest_of_script(WORKFLOW / "scripts" / script, *modules)


def get_resource_digests(job):
    """Return the digests of the tables beside the workflow that a declared job reads."""
    files = [path for paths in job.resource_files.values() for path in paths]
    return digests_of({path.name: path for path in files})


def keep_going_in_group():
    """Let a group on a cluster go on after a job of it failed, as the run itself does: `keep-going` is not handed to it."""
    if workflow.remote_exec:
        workflow.execution_settings.keep_going = True


def get_files(sources):
    """Return the local files of some sources, by role."""
    keep_going_in_group()
    return {role: f"<downloads>/{source.key}" for role, source in sources.items()}


def get_size(sources):
    """Return the size of some sources in MB, as far as they lie here: jobs that read much start first, so that no core waits for one."""
    return sum(megabytes_of(origin_of(source, STUDY.mirror)) for source in sources)


def get_specification(rule, about=""):
    """Return the function that gives a job what its script uses of the study, and no more (study/specifications.py).

    A function, because Snakemake would read braces in a plain value (a regular expression, a path with ${...}) as
    wildcards. `about` tells its jobs apart, where it has several: the name of a wildcard, or what this one is about.
    """
    return lambda wildcards: SPECIFICATIONS[rule][wildcards.get(about, about)]


def get_gate(wildcards):
    """Return the file that stands for a passed check of all designs.

    It belongs to a checkpoint: when that has to run, Snakemake looks again, after it, at every rule that asks for it.
    A rule behind an ordinary rule would be run again whatever the check said, and behind `ancient()` its own changes
    would go unseen. All rules behind the check ask for it, since Snakemake keeps its first plan for the others. The
    file itself never changes, so that it makes nobody run.
    """
    keep_going_in_group()
    return checkpoints.check_designs.get().output.passed


def get_final_output():
    """Return every target of the study: all that its jobs write; of retrieved files, the records."""
    return final_files(
        {name: list(jobs) for name, jobs in SPECIFICATIONS.items()},
        lambda name: getattr(rules, name).output,
        SOURCES.by_key,
    )
