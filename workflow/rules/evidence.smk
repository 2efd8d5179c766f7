# q-values span one family of sets times the contrasts of one role, so they are written here: adding a contrast does
# not run another contrast's tests again.
rule adjust_set_tests:
    input:
        tests=expand(
            "<results>/contrasts/{contrast}/set_tests.tsv", contrast=STUDY.contrasts
        ),
        descriptions=expand(
            "<results>/contrasts/{contrast}/set_descriptions.tsv",
            contrast=STUDY.contrasts,
        ),
        checked=get_gate,
    output:
        enrichment=report(
            expand(
                "<results>/contrasts/{contrast}/enrichment.tsv",
                contrast=STUDY.contrasts,
            ),
            caption="../report/enrichment.rst",
            category="Tables",
        ),
        provenance="<results>/provenance/adjust_set_tests.json",
    log:
        "<logs>/adjust_set_tests.log",
    params:
        specification=get_specification("adjust_set_tests"),
        code=get_code("adjust_set_tests.py"),
    message:
        "Adjust the set tests for multiplicity"
    script:
        "../scripts/adjust_set_tests.py"


# One job for all hypotheses: each takes a tenth of a second, starting a job takes ten times as long.
rule measure_effects:
    input:
        fits=expand(
            "<results>/contrasts/{contrast}/fit.npz", contrast=SCOPE.measured_contrasts
        ),
        designs=expand(
            "<results>/contrasts/{contrast}/design.json",
            contrast=SCOPE.measured_contrasts,
        ),
        set_tests=expand(
            "<results>/contrasts/{contrast}/set_tests.tsv",
            contrast=SCOPE.measured_contrasts,
        ),
        samples=[
            f"<results>/datasets/{STUDY.contrasts[contrast].dataset}/samples.tsv"
            for contrast in SCOPE.measured_contrasts
        ],
        shared="<results>/shared_samples.json",
        sets="<results>/gene_sets.tsv.gz",
        checked=get_gate,
    output:
        evidence=expand(
            "<results>/evidence/{hypothesis}.json",
            hypothesis=SCOPE.hypotheses,
        ),
        provenance="<results>/provenance/measure_effects.json",
    log:
        "<logs>/measure_effects.log",
    priority: 10
    params:
        specification=get_specification("measure_effects"),
        code=get_code("measure_effects.py"),
    message:
        "Measure the primary effects of all hypotheses"
    script:
        "../scripts/measure_effects.py"


# The tables beside the pooled primary effect, which stands in the evidence itself. One job for all hypotheses: pooling
# 20,000 genes takes less time than starting a job.
rule pool_datasets:
    input:
        evidence=expand(
            "<results>/evidence/{hypothesis}.json",
            hypothesis=SCOPE.hypotheses,
        ),
        fits=expand(
            "<results>/contrasts/{contrast}/fit.npz", contrast=SCOPE.primary_contrasts
        ),
        sets="<results>/gene_sets.tsv.gz",
        checked=get_gate,
    output:
        genes=expand(
            "<results>/pooled/{hypothesis}/genes.tsv.gz",
            hypothesis=SCOPE.hypotheses,
        ),
        sets=expand(
            "<results>/pooled/{hypothesis}/sets.tsv",
            hypothesis=SCOPE.hypotheses,
        ),
        provenance="<results>/provenance/pool_datasets.json",
    log:
        "<logs>/pool_datasets.log",
    params:
        specification=get_specification("pool_datasets"),
        code=get_code("pool_datasets.py"),
    message:
        "Pool the datasets of all hypotheses"
    script:
        "../scripts/pool_datasets.py"




# What considerations and lines of evidence declare (sidemine/study_jobs.py). Tables beside the workflow are seen by their
# digests, like its code.
for job in STUDY_JOBS:
    if job.name in SPECIFICATIONS:

        rule:
            name:
                job.name
            input:
                unpack(get_job_input(job)),
                checked=get_gate if job.after_designs else [],
            output:
                **job.output_files(PLAN),
                provenance=job.provenance,
            log:
                job.log,
            priority: job.priority
            params:
                specification=get_specification(job.name, job.wildcard),
                resources=get_resource_digests(job),
                job=job.module,
                code=get_code("run_study_job.py", *job.code),
            message:
                job.message
            script:
                "../scripts/run_study_job.py"
