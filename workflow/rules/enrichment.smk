# One job for all datasets: starting a job takes longer than scoring.
rule score_activities:
    input:
        expression=expand(
            "<results>/datasets/{dataset}/expression.h5ad", dataset=STUDY.datasets
        ),
        sets="<results>/gene_sets.tsv.gz",
        checked=get_gate,
    output:
        activities=expand(
            "<results>/datasets/{dataset}/activities.tsv.gz", dataset=STUDY.datasets
        ),
        provenance="<results>/provenance/score_activities.json",
    log:
        "<logs>/score_activities.log",
    group:
        "contrasts"
    threads: 1
    resources:
        mem_mb=get_limit(1000, 10),
        runtime=get_limit(10, 0.05),
    params:
        specification=get_specification("score_activities"),
        code=get_code("score_activities.py"),
    message:
        "Score the activities of the target sets per sample"
    script:
        "../scripts/score_activities.py"


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
        checked=get_comparison,
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
    group:
        "evidence"
    threads: 1
    resources:
        mem_mb=get_limit(1000),
        runtime=get_limit(10, 0.05),
    params:
        specification=get_specification("adjust_set_tests"),
        code=get_code("adjust_set_tests.py"),
    message:
        "Adjust the set tests for multiplicity"
    script:
        "../scripts/adjust_set_tests.py"
