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
        samples=expand(
            "<results>/datasets/{dataset}/samples.tsv",
            dataset=SCOPE.datasets_of(SCOPE.measured_contrasts),
        ),
        shared="<results>/shared_samples.json",
        sets="<results>/gene_sets.tsv.gz",
        compounds=(
            ["<results>/compounds.json"]
            if "measure_compounds" in SPECIFICATIONS
            else []
        ),
        checked=get_comparison,
    output:
        evidence=expand(
            "<results>/evidence/{hypothesis}.json",
            hypothesis=SCOPE.hypotheses,
        ),
        provenance="<results>/provenance/measure_effects.json",
    log:
        "<logs>/measure_effects.log",
    # Almost all that follows waits for it.
    priority: 20
    group:
        "evidence"
    threads: 1
    resources:
        mem_mb=get_limit(1000, 10),
        runtime=get_limit(10, 0.05),
    params:
        specification=get_specification("measure_effects"),
        code=get_code("measure_effects.py"),
    message:
        "Measure the primary effects of all hypotheses"
    script:
        "../scripts/measure_effects.py"


# The tables beside the pooled primary effect, which stands in the evidence itself. A panel has none: its arms share samples,
# so one of them would stand for all. One job for all hypotheses: pooling 20,000 genes takes less time than starting a job.
rule pool_datasets:
    input:
        evidence=expand(
            "<results>/evidence/{hypothesis}.json",
            hypothesis=SCOPE.pooled_hypotheses,
        ),
        fits=expand(
            "<results>/contrasts/{contrast}/fit.npz", contrast=SCOPE.primary_contrasts
        ),
        sets="<results>/gene_sets.tsv.gz",
        checked=get_comparison,
    output:
        genes=expand(
            "<results>/pooled/{hypothesis}/genes.tsv.gz",
            hypothesis=SCOPE.pooled_hypotheses,
        ),
        sets=expand(
            "<results>/pooled/{hypothesis}/sets.tsv",
            hypothesis=SCOPE.pooled_hypotheses,
        ),
        provenance="<results>/provenance/pool_datasets.json",
    log:
        "<logs>/pool_datasets.log",
    group:
        "evidence"
    threads: 1
    resources:
        mem_mb=get_limit(1000, 10),
        runtime=get_limit(10, 0.05),
    params:
        specification=get_specification("pool_datasets"),
        code=get_code("pool_datasets.py"),
    message:
        "Pool the datasets of all hypotheses but panels"
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
                unpack(
                    lambda wildcards, job=job: job.input_files(
                        PLAN, wildcards.get(job.wildcard, "")
                    )
                ),
                checked=get_comparison if job.after_designs else [],
            output:
                **job.output_files(PLAN),
                provenance=job.provenance,
            log:
                job.log,
            priority: job.priority
            group:
                job.group
            threads: 1
            resources:
                mem_mb=get_limit(1000, 20),
                runtime=get_limit(10, 0.05),
            params:
                specification=get_specification(job.name, job.wildcard),
                resources=get_resource_digests(job),
                job=job.module,
                code=get_code("run_study_job.py", *job.code),
            message:
                job.message
            script:
                "../scripts/run_study_job.py"
