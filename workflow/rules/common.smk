import functools
import hashlib
import os
import re
import sys
import time
from pathlib import Path

# The package lies beside this workflow: it is found without being installed, here and in the scripts.
WORKFLOW = Path(str(workflow.current_basedir)).resolve().parent
sys.path.insert(0, str(WORKFLOW))
_PATHS = [str(WORKFLOW), os.environ.get("PYTHONPATH", "")]
# Results must not depend on --cores: linear algebra runs on one thread per job, and jobs run side by side.
_THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
)
os.environ.update(
    PYTHONPATH=os.pathsep.join(filter(None, _PATHS)), **dict.fromkeys(_THREADS, "1")
)

from sidemine.code_digest import digest_of_package, digest_of_script
from sidemine.errors import SidemineError
from sidemine.provenance import digest_of_specification
from sidemine.retrieve.lock import find_accepted, read_lock, update_lock
from sidemine.retrieve.record import InputRecord
from sidemine.retrieve.refusal import alone_on, set_aside_refused
from sidemine.retrieve.addresses import mirror_key
from sidemine.retrieve.folders import files_of_folder
from sidemine.sources.forms import FOLDER_FORMS
from sidemine.retrieve.study_sources import StudySources
from sidemine.run_lock import hold_run_lock
from sidemine.script_log import collect_errors
from sidemine.study.command_line import OVERRIDES, check_command_line, wants_relock
from sidemine.study.load import load_study
from sidemine.study.scope import Scope
from sidemine.study.specifications import specify_jobs, to_plain_specification
from sidemine.system_errors import check_writable, explain_system_error


def get_study_file():
    """Return the configuration of this run: --configfile, a module's config_file, or config/config.yaml."""
    if config.get("config_file"):
        return Path(config["config_file"])
    if workflow.configfiles:
        return Path(workflow.configfiles[-1])
    return Path("config/config.yaml")


def is_dry_run():
    """Tell whether nothing is to be done. Snakemake itself (`workflow.dryrun`) knows it only after reading the rules."""
    short = [word for word in sys.argv if re.fullmatch("-[a-zA-Z]+", word)]
    return bool({"--dry-run", "--dryrun"} & set(sys.argv)) or any(
        "n" in word for word in short
    )


def get_folders(study):
    """Return every folder that a run writes, Snakemake's own included."""
    places = [Path(study.config.results), Path(study.config.downloads), Path("logs")]
    return [*(place / study.config.study.id for place in places), Path(".snakemake")]


def get_study():
    """Read and check the study; all problems are told at once, before any work."""
    given = workflow.config_settings.config
    try:
        check_command_line(given)
        study = load_study(
            get_study_file(), {key: given[key] for key in OVERRIDES if key in given}
        )
        sources = StudySources.of(study)
        if workflow.is_main_process and not is_dry_run():
            check_writable(get_folders(study))
            hold_run_lock(Path(study.config.results) / study.config.study.id)
            set_aside_refused_inputs(study, sources)
            update_lock(
                study.lock, []
            )  # an edit of the lock, or its loss, is seen if it was there before
        # The scripts ask for it themselves: as a parameter it would have every input fetched again, twice.
        wants_relock(config)
        return study, sources
    except SidemineError as error:
        # WorkflowError is shown as it is; a traceback through Snakemake would bury the message.
        raise WorkflowError(f"{get_study_file()}: {error}") from None
    except (OSError, MemoryError) as error:
        raise WorkflowError(
            f"{get_study_file()}: {explain_system_error(error)}"
        ) from None


def set_aside_refused_inputs(study, sources):
    """Move inputs that a reader refused out of the way, so that this or the next run fetches them again; tell which."""
    downloads = Path(study.config.downloads) / study.config.study.id
    results = Path(study.config.results) / study.config.study.id
    locked = {url: entry.sha256 for url, entry in read_lock(study.lock).items()}
    with alone_on(downloads) as alone:
        if not alone:
            return []
        accepted = find_accepted(sources.accepted_by, downloads, results)
        return set_aside_refused(downloads, sources.by_key, locked, accepted)


STARTED = time.time()
STUDY, SOURCES = get_study()
SCOPE = Scope(STUDY)
SPECIFICATIONS = specify_jobs(STUDY, SOURCES, digest_of_package())


pathvars:
    results=f"{STUDY.config.results}/{STUDY.config.study.id}",
    downloads=f"{STUDY.config.downloads}/{STUDY.config.study.id}",
    logs=f"logs/{STUDY.config.study.id}",


wildcard_constraints:
    dataset="|".join(STUDY.datasets) or "none",
    contrast="|".join(STUDY.contrasts) or "none",
    table="|".join(STUDY.published_tables) or "none",
    hypothesis="|".join(SCOPE.hypotheses),


def forget_failed_jobs():
    """Let the next run try again what failed in this one.

    Snakemake records a failed job as if it had seen its inputs and clears its output. Where results of an earlier run
    stand downstream, the same command would then find nothing to do and leave them there as if they were fresh.
    """
    for job in workflow.dag.jobs:
        for file in job.output:
            if not Path(file).exists():
                workflow.persistence.cleanup_metadata(file)


def lock_accepted_inputs():
    """Lock, after a run that failed, the inputs that their own readers accepted."""
    downloads = Path(STUDY.config.downloads) / STUDY.config.study.id
    results = Path(STUDY.config.results) / STUDY.config.study.id
    records = [
        InputRecord.read(downloads / key)
        for key in find_accepted(SOURCES.accepted_by, downloads, results)
    ]
    update_lock(STUDY.lock, records, relock=wants_relock(config))


def close_failed_run():
    """After a run that failed: lock what was accepted, set aside what was refused, and tell what went wrong."""
    forget_failed_jobs()
    last_words = []
    try:
        lock_accepted_inputs()
        last_words += map(str, set_aside_refused_inputs(STUDY, SOURCES))
    except SidemineError as error:
        last_words.append(str(error))
    print_errors(last_words)


def print_errors(last_words):
    """Tell once more, at the end, what went wrong in this run."""
    errors = collect_errors(Path("logs") / STUDY.config.study.id, STARTED)
    more = [words for words in last_words if words not in errors]
    errors = "\n\n".join(filter(None, [errors, *more]))
    if errors:
        print(
            f"\nWhat went wrong\n===============\n{errors}\n\n{get_progress()}\n"
            "Everything that was computed before is kept: mend this and give the same command again.\n",
            file=sys.stderr,
        )


def get_progress():
    """Say in a sentence which inputs are in place and which datasets could be read."""
    results = Path(STUDY.config.results) / STUDY.config.study.id / "datasets"
    downloads = Path(STUDY.config.downloads) / STUDY.config.study.id
    inputs = [
        key for key in SOURCES.by_key if (downloads / f"{key}.record.json").is_file()
    ]
    datasets = [
        name for name in STUDY.datasets if (results / name / "samples.tsv").is_file()
    ]
    return (
        f"What is fine: {len(inputs)} of {len(SOURCES.by_key)} inputs are in place; the samples of {len(datasets)} of "
        f"{len(STUDY.datasets)} datasets are read."
    )


def get_code(script, *modules):
    """Return the digest of a script and of the modules it imports: Snakemake itself does not see the latter.

    Modules that the script finds by name while it runs are named here.
    """
    return digest_of_script(WORKFLOW / "scripts" / script, *modules)


def get_marker_digests():
    """Return the digests of the cell markers. They lie beside the workflow, like its code, and are seen like code."""
    cells = ("b_cell", "erythroid", "monocyte", "neutrophil", "platelet", "t_cell")
    folder = WORKFLOW.parent / "resources" / "gene_sets"
    return {
        cell: hashlib.sha256((folder / f"{cell}.tsv").read_bytes()).hexdigest()
        for cell in cells
    }


def get_calibration_digests():
    """Return the digests of the reference tables of the calibration that there are."""
    folder = WORKFLOW.parent / "resources" / "calibration"
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.glob("*.tsv"))
    }


def get_files(sources):
    """Return the local files of some sources, by role."""
    return {role: f"<downloads>/{source.key}" for role, source in sources.items()}


def get_dataset_files(wildcards):
    return get_files(SOURCES.of_dataset[wildcards.dataset])


# Texts of the study reach params by functions: Snakemake would read braces in a plain value (a regular expression, a
# path with ${...}) as wildcards.
def get_specification(rule, about=None):
    """Return the function that gives a job what its script uses of the study, and no more (study/specifications.py).

    `about` tells its jobs apart, where it has several: the name of a wildcard, or the subject itself.
    """

    def specification(wildcards):
        job = wildcards.get(about, about) if about else ""
        return to_plain_specification(SPECIFICATIONS[rule][job])

    return specification


def get_place(path):
    """Return a path as seen from the working directory: moving a study with its results makes nothing run again."""
    return os.path.relpath(path)


def get_origin(wildcards):
    """Return the local files that an input may be copied from: its own path, or the mirror's copies of its addresses."""
    source = SOURCES.by_key[wildcards.key]
    if source.local_path is not None:
        places = [source.local_path]
        if source.local_path.is_dir() and source.form in FOLDER_FORMS:
            # The folder itself too: a file that is taken away changes its date.
            places += files_of_folder(source.local_path)
        return [get_place(path) for path in places]
    if STUDY.mirror is None:
        return []
    mirrored = [STUDY.mirror / mirror_key(url) for url in source.locations]
    return [get_place(path) for path in mirrored if path.is_file()]


def get_lock(wildcards):
    """Return the lock of the inputs, so that an edit of it is seen; a dry run may find none yet."""
    return [get_place(STUDY.lock)] if STUDY.lock.exists() else []


@functools.cache
def get_identity(path):
    """Return what tells a file from another one of its name: its digest, or size and date where reading it takes long."""
    stat = Path(path).stat()
    if stat.st_size > 50_000_000:
        return f"{stat.st_size} {stat.st_mtime_ns}"
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def get_retrieval(wildcards):
    """Return what an input is, and which local files it is copied from.

    Snakemake runs a job again when a file is newer than its output. A file that takes another one's place by `mv`,
    `cp -p`, `rsync -t` or from an archive is often older. Of inputs from the network there is nothing to add.
    """
    specification = get_specification("retrieve_input", "key")(wildcards)
    origin = [path for path in get_origin(wildcards) if Path(path).is_file()]
    if origin:
        specification["origin"] = [get_identity(path) for path in origin]
    return specification


def get_gate(wildcards):
    """Return the file that stands for a passed check of all designs.

    It belongs to a checkpoint: when that has to run, Snakemake looks again, after it, at every rule that asks for it.
    A rule behind an ordinary rule would be run again whatever the check said, and behind `ancient()` its own changes
    would go unseen. All rules behind the check ask for it, since Snakemake keeps its first plan for the others. The
    file itself never changes, so that it makes nobody run.
    """
    return checkpoints.check_designs.get().output.passed


def get_recorded_jobs():
    """Return the specifications of the jobs that record what they did; retrieval has records of its own."""
    return {
        name: jobs
        for name, jobs in SPECIFICATIONS.items()
        if name not in ("retrieve_input", "write_manifest")
    }


def get_provenance():
    """Return the records of all jobs whose results the page shows."""
    rules = {**get_recorded_jobs(), "describe_study": [""], "write_manifest": [""]}
    return [
        (
            f"<results>/provenance/{name}/{job}.json"
            if job
            else f"<results>/provenance/{name}.json"
        )
        for name, jobs in rules.items()
        for job in jobs
    ]


def get_specification_digests():
    """Return the digests of these jobs' specifications: the page is built of nothing else."""
    return {
        name: {
            job: digest_of_specification(to_plain_specification(one))
            for job, one in jobs.items()
        }
        for name, jobs in get_recorded_jobs().items()
    }


def get_concordance_files(wildcards=None):
    """Return what is written of bridges and interactions: nothing where the study declares none."""
    if not SCOPE.compares_profiles:
        return []
    return ["<results>/concordance.tsv", "<results>/concordance.json"]


def get_output(name, jobs):
    """Return the outputs of a rule; `analyse_dataset` has one rule for each of its jobs."""
    split = name == "analyse_dataset"
    names = [f"{name}_{job}" for job in jobs] if split else [name]
    return [pattern for each in names for pattern in getattr(rules, each).output]


def get_all_output():
    """Return all that the study's jobs write, but for the retrieved files themselves: of those, the records.

    A file that only other jobs ask for may be missing without Snakemake taking offence: deleted by hand, or by a job
    that failed or was killed after an edit. What was computed of its predecessor would stay, as if up to date.
    """
    files = expand("<downloads>/{key}.record.json", key=SOURCES.by_key)
    for name, jobs in SPECIFICATIONS.items():
        if name != "retrieve_input":
            for pattern in get_output(name, jobs):
                (wildcard,) = re.findall(r"{(\w+)}", pattern) or [""]
                files += (
                    expand(pattern, **{wildcard: list(jobs)}) if wildcard else [pattern]
                )
    return files


def get_final_output():
    """Return every target of the study."""
    return [
        "<results>/report.html",
        "<results>/verdicts.json",
        "<results>/specificity.tsv",
        "<results>/calibration.tsv",
        "<results>/robustness.tsv",
        "<results>/manifest.json",
        "<results>/run.json",
        *get_concordance_files(),
        *expand("<results>/datasets/{dataset}/quality.json", dataset=STUDY.datasets),
        *expand(
            "<results>/datasets/{dataset}/activities.tsv.gz", dataset=STUDY.datasets
        ),
        *expand(
            "<results>/contrasts/{contrast}/enrichment.tsv", contrast=STUDY.contrasts
        ),
        *expand(
            "<results>/pooled/{hypothesis}/{table}",
            hypothesis=SCOPE.hypotheses,
            table=["genes.tsv.gz", "sets.tsv"],
        ),
    ]
