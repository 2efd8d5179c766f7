rule compare_datasets:
    input:
        samples=expand(
            "<results>/datasets/{dataset}/samples.tsv", dataset=STUDY.datasets
        ),
        # Values are compared only within a platform: other datasets are not waited for.
        expression=expand(
            "<results>/datasets/{dataset}/expression.h5ad",
            dataset=get_datasets_of_shared_platforms(),
        ),
    output:
        "<results>/shared_samples.json",
    log:
        "<logs>/compare_datasets.log",
    params:
        rows=lambda wildcards: [
            {key: to_plain(row)[key] for key in ("dataset", "accession", "platform")}
            for row in STUDY.datasets.values()
        ],
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
    output:
        quality="<results>/datasets/{dataset}/quality.json",
        treatment="<results>/datasets/{dataset}/treatment.json",
    log:
        "<logs>/assess_quality/{dataset}.log",
    params:
        row=get_dataset_row,
        traps=get_traps,
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
    output:
        expand("<results>/contrasts/{contrast}/quality.json", contrast=STUDY.contrasts),
    log:
        "<logs>/assess_contrasts.log",
    params:
        contrasts=get_all_contrasts,
        rows=lambda wildcards: [
            to_plain(STUDY.datasets[contrast.dataset])
            for contrast in STUDY.contrasts.values()
        ],
        traps=get_traps,
        code=get_code("assess_contrasts.py"),
    message:
        "Assess the groups and the p-values of all contrasts"
    script:
        "../scripts/assess_contrasts.py"
