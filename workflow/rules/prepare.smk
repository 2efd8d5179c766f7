rule read_samples:
    input:
        unpack(get_dataset_files),
    output:
        samples="<results>/datasets/{dataset}/samples.tsv",
        mismatches="<results>/datasets/{dataset}/mismatches.json",
    log:
        "<logs>/read_samples/{dataset}.log",
    params:
        row=get_dataset_row,
        edits=get_dataset_edits,
        code=get_code("read_samples.py"),
    message:
        "Read the samples of {wildcards.dataset}"
    script:
        "../scripts/read_samples.py"


# A selector of a verified row that matches nothing stops everything before any fitting, all such problems at once. Of
# an unverified row it makes the row's contrasts untestable, so that a first run on the real record ends in a report.
rule check_designs:
    input:
        samples=expand(
            "<results>/datasets/{dataset}/samples.tsv", dataset=STUDY.datasets
        ),
        mismatches=expand(
            "<results>/datasets/{dataset}/mismatches.json", dataset=STUDY.datasets
        ),
    output:
        "<results>/design_check.json",
    log:
        "<logs>/check_designs.log",
    params:
        contrasts=get_all_contrasts,
        settings=get_settings("min_group_size", "on_untestable"),
        code=get_code("check_designs.py"),
    message:
        "Check the groups of all contrasts"
    script:
        "../scripts/check_designs.py"


rule prepare_dataset:
    input:
        unpack(get_dataset_files),
        samples="<results>/datasets/{dataset}/samples.tsv",
        mismatches="<results>/datasets/{dataset}/mismatches.json",
        gene_table=f"<downloads>/{SOURCES.gene_table.key}",
        checked=ancient("<results>/design_check.json"),
    output:
        expression="<results>/datasets/{dataset}/expression.h5ad",
        ledger="<results>/datasets/{dataset}/genes_ledger.tsv",
    log:
        "<logs>/prepare_dataset/{dataset}.log",
    resources:
        mem_mb=lambda wildcards, input: max(1500, 30 * int(input.size_mb)),
    params:
        row=get_dataset_row,
        edits=get_dataset_edits,
        gene_table=get_gene_table,
        settings=get_settings("probe_rule", "multi_gene_probes"),
        code=get_code("prepare_dataset.py"),
    message:
        "Map {wildcards.dataset} to genes"
    script:
        "../scripts/prepare_dataset.py"


rule prepare_gene_sets:
    input:
        libraries=[f"<downloads>/{source.key}" for source in SOURCES.gene_sets.values()],
        gene_table=f"<downloads>/{SOURCES.gene_table.key}",
    output:
        sets="<results>/gene_sets.tsv.gz",
        ledger="<results>/gene_sets_ledger.tsv",
    log:
        "<logs>/prepare_gene_sets.log",
    params:
        rows=lambda wildcards: [to_plain(row) for row in STUDY.gene_set_rows],
        libraries=lambda wildcards: list(SOURCES.gene_sets),
        gene_table=get_gene_table,
        opt_in=SETTINGS.opt_in,
        code=get_code("prepare_gene_sets.py"),
    message:
        "Read and map the gene sets"
    script:
        "../scripts/prepare_gene_sets.py"
