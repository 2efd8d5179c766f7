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
from sidemine.retrieve.lock import find_accepted, read_lock, update_lock
from sidemine.retrieve.record import InputRecord
from sidemine.retrieve.refusal import alone_on, set_aside_refused
from sidemine.retrieve.study_sources import StudySources
from sidemine.run_lock import hold_run_lock
from sidemine.script_log import collect_errors
from sidemine.study.concordance_config import names_of_contrasts
from sidemine.study.command_line import OVERRIDES, check_command_line, wants_relock
from sidemine.study.load import load_study
from sidemine.study.models import to_plain
from sidemine.system_errors import check_writable, explain_system_error


def get_study_file():
    """Return the configuration of this run: --configfile, a module's config_file, or config/config.yaml."""
    if config.get("config_file"):
        return Path(config["config_file"])
    if workflow.configfiles:
        return Path(workflow.configfiles[-1])
    return Path("config/config.yaml")


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
        if workflow.is_main_process and not workflow.dryrun:
            check_writable(get_folders(study))
            hold_run_lock(Path(study.config.results) / study.config.study.id)
            set_aside_refused_inputs(study, sources)
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
SETTINGS = STUDY.config.settings


pathvars:
    results=f"{STUDY.config.results}/{STUDY.config.study.id}",
    downloads=f"{STUDY.config.downloads}/{STUDY.config.study.id}",
    logs=f"logs/{STUDY.config.study.id}",


wildcard_constraints:
    dataset="|".join(STUDY.datasets) or "none",
    contrast="|".join(STUDY.contrasts) or "none",
    table="|".join(STUDY.published_tables) or "none",
    hypothesis="|".join(hypothesis.id for hypothesis in STUDY.config.hypotheses),


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
    errors = "\n\n".join(filter(None, [errors, *last_words]))
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


def get_code(script):
    """Return the digest of a script and of the modules it imports: Snakemake itself does not see the latter."""
    return digest_of_script(WORKFLOW / "scripts" / script)


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


def get_dataset_row(wildcards):
    return to_plain(STUDY.datasets[wildcards.dataset])


def get_dataset_files(wildcards):
    return get_files(SOURCES.of_dataset[wildcards.dataset])


def get_dataset_edits(wildcards):
    """Return what config.yaml says of one dataset's samples."""
    plain = to_plain(STUDY.config)
    return {
        key: plain[key].get(wildcards.dataset, empty)
        for key, empty in (("derive", {}), ("exclude", []))
    }


def get_contrast_row(wildcards):
    return to_plain(STUDY.contrasts[wildcards.contrast])


def get_contrast_dataset(wildcards):
    return STUDY.contrasts[wildcards.contrast].dataset


# Texts of the study reach params by functions: Snakemake would read braces in a plain value (a regular expression, a
# path with ${...}) as wildcards.
def get_all_contrasts(wildcards):
    return [to_plain(contrast) for contrast in STUDY.contrasts.values()]


def get_gene_table(wildcards):
    return to_plain(STUDY.config.gene_table)


def get_measured_contrasts():
    """Return every contrast that some hypothesis measures, once: primary ones and the positive controls of margins."""
    return list(
        dict.fromkeys(
            contrast
            for hypothesis in STUDY.config.hypotheses
            for contrast in hypothesis.measured_contrasts
        )
    )


def get_all_hypotheses(wildcards):
    return [to_plain(hypothesis) for hypothesis in STUDY.config.hypotheses]


def get_settings(*names):
    """Return only the settings that a rule uses, so that only it is run again when they change."""
    return {name: getattr(SETTINGS, name) for name in names}


def get_traps(wildcards):
    """Return what the study declares to do about each kind of finding."""
    return to_plain(SETTINGS.traps)


def get_datasets_of_shared_platforms():
    """Return the datasets that have their platform in common with another one."""
    platforms = [row.platform for row in STUDY.datasets.values() if row.platform]
    return [
        name
        for name, row in STUDY.datasets.items()
        if platforms.count(row.platform) > 1
    ]


def get_primary_contrasts():
    """Return every contrast that is primary in some hypothesis, once, in declared order."""
    return list(
        dict.fromkeys(
            contrast
            for hypothesis in STUDY.config.hypotheses
            for contrast in hypothesis.primary.contrasts
        )
    )


def get_primary_datasets():
    """Return every dataset with a contrast that is primary in some hypothesis, once, in declared order."""
    used = {STUDY.contrasts[name].dataset for name in get_primary_contrasts()}
    return [name for name in STUDY.datasets if name in used]


def get_probe_files():
    """Return the files of the array datasets, by dataset and role: other probe rules need them again."""
    files = {}
    for name in get_primary_datasets():
        if STUDY.datasets[name].identifiers == "probe":
            for role, path in get_files(SOURCES.of_dataset[name]).items():
                files[name, role] = path
            files[name, "samples"] = f"<results>/datasets/{name}/samples.tsv"
    return files


def get_contrasts_of_blood(role):
    """Return the contrasts of one role in the datasets that are declared as blood (composition: yes)."""
    return [
        name
        for name, contrast in STUDY.contrasts.items()
        if contrast.role == role and STUDY.datasets[contrast.dataset].composition
    ]


def get_composition_contrasts():
    """Return the primary blood contrasts of cohort hypotheses."""
    primary = {
        contrast
        for hypothesis in STUDY.config.hypotheses
        if hypothesis.kind == "cohort"
        for contrast in hypothesis.primary.contrasts
    }
    return [name for name in get_contrasts_of_blood("disease") if name in primary]


def get_concordance_contrasts():
    """Return every contrast that a bridge or an interaction names, and the stimulus contrasts in blood."""
    return names_of_contrasts(
        STUDY.config.concordance, get_contrasts_of_blood("stimulus")
    )


def get_concordance_datasets():
    """Return the datasets of these contrasts."""
    names = [STUDY.contrasts[name].dataset for name in get_concordance_contrasts()]
    return list(dict.fromkeys(names))


def get_concordance_files(wildcards=None):
    """Return what is written of bridges and interactions: nothing where the study declares none."""
    declared = STUDY.config.concordance
    if not (declared.bridges or declared.interactions):
        return []
    return ["<results>/concordance.tsv", "<results>/concordance.json"]


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
            hypothesis=[hypothesis.id for hypothesis in STUDY.config.hypotheses],
            table=["genes.tsv.gz", "sets.tsv"],
        ),
    ]
