rule compare_datasets:
    input:
        samples=expand(
            "<results>/datasets/{dataset}/samples.tsv", dataset=STUDY.datasets
        ),
        # Values are compared only within a platform: other datasets are not waited for.
        expression=expand(
            "<results>/datasets/{dataset}/expression.h5ad",
            dataset=SCOPE.datasets_of_shared_platforms,
        ),
        checked=get_gate,
    output:
        shared="<results>/shared_samples.json",
        provenance="<results>/provenance/compare_datasets.json",
    log:
        "<logs>/compare_datasets.log",
    params:
        specification=get_specification("compare_datasets"),
        code=get_code("compare_datasets.py"),
    message:
        "Look for samples that stand in two datasets"
    script:
        "../scripts/compare_datasets.py"


rule assess_quality:
    input:
        expression="<results>/datasets/{dataset}/expression.h5ad",
        samples="<results>/datasets/{dataset}/samples.tsv",
        shared="<results>/shared_samples.json",
        checked=get_gate,
    output:
        quality="<results>/datasets/{dataset}/quality.json",
        treatment="<results>/datasets/{dataset}/treatment.json",
        provenance="<results>/provenance/assess_quality/{dataset}.json",
    log:
        "<logs>/assess_quality/{dataset}.log",
    params:
        specification=get_specification("assess_quality", "dataset"),
        code=get_code("assess_quality.py"),
    message:
        "Assess the quality of {wildcards.dataset}"
    script:
        "../scripts/assess_quality.py"


# One job: starting a job takes longer than reading one contrast.
rule assess_contrasts:
    input:
        expression=[
            f"<results>/datasets/{contrast.dataset}/expression.h5ad"
            for contrast in STUDY.contrasts.values()
        ],
        quality=[
            f"<results>/datasets/{contrast.dataset}/quality.json"
            for contrast in STUDY.contrasts.values()
        ],
        designs=expand(
            "<results>/contrasts/{contrast}/design.json", contrast=STUDY.contrasts
        ),
        tables=expand(
            "<results>/contrasts/{contrast}/differential.tsv.gz",
            contrast=STUDY.contrasts,
        ),
        checked=get_gate,
    output:
        quality=expand(
            "<results>/contrasts/{contrast}/quality.json", contrast=STUDY.contrasts
        ),
        provenance="<results>/provenance/assess_contrasts.json",
    log:
        "<logs>/assess_contrasts.log",
    params:
        specification=get_specification("assess_contrasts"),
        code=get_code("assess_contrasts.py"),
    message:
        "Assess the groups and the p-values of all contrasts"
    script:
        "../scripts/assess_contrasts.py"
