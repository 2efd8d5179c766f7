rule read_samples:
    input:
        unpack(lambda wildcards: get_files(SOURCES.of_dataset[wildcards.dataset])),
    output:
        samples="<results>/datasets/{dataset}/samples.tsv",
        mismatches="<results>/datasets/{dataset}/mismatches.json",
        filtered="<results>/datasets/{dataset}/filtered_cells.json",
        provenance="<results>/provenance/read_samples/{dataset}.json",
    log:
        "<logs>/read_samples/{dataset}.log",
    priority: lambda wildcards: get_size(SOURCES.of_dataset[wildcards.dataset].values())
    group:
        "samples"
    threads: 1
    resources:
        mem_mb=get_limit(1000, 10),
        runtime=get_limit(10, 0.05),
    params:
        specification=get_specification("read_samples", "dataset"),
        code=get_code("read_samples.py"),
    message:
        "Read the samples of {wildcards.dataset}"
    script:
        "../scripts/read_samples.py"


# A selector of a verified row that matches nothing stops everything before any fitting, all such problems at once. Of
# an unverified row it makes the row's contrasts untestable, so that a first run on the real record ends in a report.
checkpoint check_designs:
    input:
        samples=expand(
            "<results>/datasets/{dataset}/samples.tsv", dataset=STUDY.datasets
        ),
        mismatches=expand(
            "<results>/datasets/{dataset}/mismatches.json", dataset=STUDY.datasets
        ),
    output:
        checks="<results>/design_check.json",
        passed="<results>/design_check.passed",
        provenance="<results>/provenance/check_designs.json",
    log:
        "<logs>/check_designs.log",
    group:
        "samples"
    threads: 1
    resources:
        mem_mb=get_limit(1000),
        runtime=get_limit(10, 0.05),
    params:
        specification=get_specification("check_designs"),
        code=get_code("check_designs.py"),
    message:
        "Check the groups of all contrasts"
    script:
        "../scripts/check_designs.py"


rule prepare_dataset:
    input:
        unpack(lambda wildcards: get_files(SOURCES.of_dataset[wildcards.dataset])),
        samples="<results>/datasets/{dataset}/samples.tsv",
        mismatches="<results>/datasets/{dataset}/mismatches.json",
        filtered="<results>/datasets/{dataset}/filtered_cells.json",
        gene_table=f"<downloads>/{SOURCES.gene_table.key}",
        checked=get_gate,
    output:
        expression="<results>/datasets/{dataset}/expression.h5ad",
        ledger="<results>/datasets/{dataset}/genes_ledger.tsv",
        provenance="<results>/provenance/prepare_dataset/{dataset}.json",
    log:
        "<logs>/prepare_dataset/{dataset}.log",
    priority: lambda wildcards: get_size(SOURCES.of_dataset[wildcards.dataset].values())
    group:
        "datasets"
    threads: 1
    resources:
        mem_mb=get_limit(1000, 20),
        runtime=get_limit(10, 0.05),
    params:
        specification=get_specification("prepare_dataset", "dataset"),
        code=get_code("prepare_dataset.py"),
    message:
        "Map {wildcards.dataset} to genes"
    script:
        "../scripts/prepare_dataset.py"


rule prepare_gene_sets:
    input:
        libraries=expand("<downloads>/{source.key}", source=SOURCES.gene_sets.values()),
        gene_table=f"<downloads>/{SOURCES.gene_table.key}",
    output:
        sets="<results>/gene_sets.tsv.gz",
        ledger="<results>/gene_sets_ledger.tsv",
        provenance="<results>/provenance/prepare_gene_sets.json",
    log:
        "<logs>/prepare_gene_sets.log",
    group:
        "samples"
    threads: 1
    resources:
        mem_mb=get_limit(1000, 20),
        runtime=get_limit(10, 0.05),
    params:
        specification=get_specification("prepare_gene_sets"),
        code=get_code("prepare_gene_sets.py"),
    message:
        "Read and map the gene sets"
    script:
        "../scripts/prepare_gene_sets.py"
