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


rule assess_contrast:
    input:
        expression=lambda wildcards: f"<results>/datasets/{get_contrast_dataset(wildcards)}/expression.h5ad",
        quality=lambda wildcards: f"<results>/datasets/{get_contrast_dataset(wildcards)}/quality.json",
        design="<results>/contrasts/{contrast}/design.json",
        table="<results>/contrasts/{contrast}/differential.tsv.gz",
    output:
        "<results>/contrasts/{contrast}/quality.json",
    log:
        "<logs>/assess_contrast/{contrast}.log",
    params:
        contrast=get_contrast_row,
        row=lambda wildcards: to_plain(STUDY.datasets[get_contrast_dataset(wildcards)]),
        traps=get_traps,
        code=get_code("assess_contrast.py"),
    message:
        "Assess the groups and the p-values of {wildcards.contrast}"
    script:
        "../scripts/assess_contrast.py"
