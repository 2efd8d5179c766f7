from sidemine.provenance import (
    digest_of_specification,
    forget_outdated,
    places_of_records,
    recorded_jobs,
)
from sidemine.study.command_line import profiles_of, typed_command

RECORDED_JOBS = recorded_jobs(SPECIFICATIONS)
RESOLVED_STUDY = {**STUDY.to_json(), "specifications": RECORDED_JOBS}
if WORKS:
    # What says which study it is stands in no study.json.
    DESCRIPTIONS = {
        "describe_study": RESOLVED_STUDY,
        "write_manifest": SPECIFICATIONS["write_manifest"][""],
    }
    CODE_OF_JOBS = {
        job.name: get_code("run_study_job.py", *job.code) for job in STUDY_JOBS
    }
    forget_outdated(
        RUN.results,
        RECORDED_JOBS
        | {
            name: {"": digest_of_specification(of)} for name, of in DESCRIPTIONS.items()
        },
        lambda name: CODE_OF_JOBS.get(name) or get_code(f"{name}.py"),
    )


rule describe_study:
    output:
        study="<results>/study.json",
        provenance="<results>/provenance/describe_study.json",
    log:
        "<logs>/describe_study.log",
    localrule: True
    threads: 1
    resources:
        mem_mb=get_limit(1000),
        runtime=get_limit(10, 0.05),
    params:
        # A function of `input` is neither compared nor printed: the digest is, in the place of a study with its drawings.
        study=lambda wildcards, input: RESOLVED_STUDY,
        digest=digest_of_specification(RESOLVED_STUDY),
        code=get_code("describe_study.py"),
    message:
        "Write down the study as it was resolved"
    script:
        "../scripts/describe_study.py"


rule write_manifest:
    input:
        inputs="<results>/inputs.json",
        checked=get_gate,
    output:
        manifest="<results>/manifest.json",
        provenance="<results>/provenance/write_manifest.json",
    log:
        "<logs>/write_manifest.log",
    group:
        "evidence"
    threads: 1
    resources:
        mem_mb=get_limit(1000),
        runtime=get_limit(10, 0.05),
    params:
        specification=get_specification("write_manifest"),
        code=get_code("write_manifest.py"),
    message:
        "Write down inputs, versions and digests"
    script:
        "../scripts/write_manifest.py"


rule build_report:
    input:
        study="<results>/study.json",
        verdicts="<results>/verdicts.json",
        manifest="<results>/manifest.json",
        provenance=expand("<results>/{place}", place=places_of_records(RECORDED_JOBS)),
        sets="<results>/gene_sets.tsv.gz",
        specificity="<results>/specificity.tsv",
        robustness="<results>/robustness.json",
        calibration=["<results>/calibration.tsv", "<results>/calibration.json"],
        concordance=(
            ["<results>/concordance.tsv", "<results>/concordance.json"]
            if SCOPE.compares_profiles
            else []
        ),
        expression=expand(
            "<results>/datasets/{dataset}/expression.h5ad", dataset=STUDY.datasets
        ),
        samples=expand(
            "<results>/datasets/{dataset}/samples.tsv", dataset=STUDY.datasets
        ),
        quality=expand(
            "<results>/datasets/{dataset}/quality.json", dataset=STUDY.datasets
        ),
        ledgers=expand(
            "<results>/datasets/{dataset}/genes_ledger.tsv", dataset=STUDY.datasets
        ),
        checks=expand(
            "<results>/contrasts/{contrast}/quality.json", contrast=STUDY.contrasts
        ),
        designs=expand(
            "<results>/contrasts/{contrast}/design.json", contrast=STUDY.contrasts
        ),
        tables=expand(
            "<results>/contrasts/{contrast}/differential.tsv.gz",
            contrast=STUDY.contrasts,
        ),
        enrichment=expand(
            "<results>/contrasts/{contrast}/enrichment.tsv", contrast=STUDY.contrasts
        ),
        pooled=expand(
            "<results>/pooled/{hypothesis}/genes.tsv.gz",
            hypothesis=SCOPE.pooled_hypotheses,
        ),
        checked=get_comparison,
    output:
        page=report(
            "<results>/report.html",
            caption="../report/report.rst",
            category="Answer",
        ),
        flags=report(
            "<results>/flags_mqc.json",
            caption="../report/flags.rst",
            category="Checks",
        ),
    log:
        "<logs>/build_report.log",
    group:
        "evidence"
    threads: 1
    resources:
        mem_mb=get_limit(1000, 10),
        runtime=get_limit(10, 0.05),
    params:
        code=get_code("build_report.py"),
    message:
        "Build the report"
    script:
        "../scripts/build_report.py"


# When, where and by which command: the only file that differs between two runs of the same study.
rule record_run:
    input:
        page="<results>/report.html",
    output:
        run="<results>/run.json",
    log:
        "<logs>/record_run.log",
    localrule: True
    threads: 1
    resources:
        mem_mb=get_limit(1000),
        runtime=get_limit(10, 0.05),
    params:
        # A function of `input` makes no job run again when its value changes.
        command=lambda wildcards, input: typed_command(sys.argv[1:], os.environ),
        # None where Snakemake only looks.
        executor=lambda wildcards, input: getattr(workflow.executor_plugin, "name", ""),
        profiles=lambda wildcards, input: profiles_of(sys.argv[1:], os.environ),
        config_file=lambda wildcards, input: str(STUDY_FILE),
    message:
        "Write down when and where this run was made"
    script:
        "../scripts/record_run.py"
