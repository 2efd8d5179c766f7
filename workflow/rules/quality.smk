def get_comparison(wildcards):
    """Return the gate, and the file that says that the datasets were compared: there Snakemake looks again, too.

    Any dataset that is prepared again has all of them compared again, mostly with the same result: then the others are
    left alone. All rules behind `compare_datasets` ask for this in the place of the gate.
    """
    return [get_gate(wildcards), checkpoints.compare_datasets.get().output.compared]


# A checkpoint: what it finds is mostly what it found before, and then nothing behind it has to run (`get_comparison`).
checkpoint compare_datasets:
    input:
        samples=expand(
            "<results>/datasets/{dataset}/samples.tsv", dataset=STUDY.datasets
        ),
        # Values are compared whatever platforms and accessions are called.
        expression=expand(
            "<results>/datasets/{dataset}/expression.h5ad", dataset=STUDY.datasets
        ),
        checked=get_gate,
    output:
        shared="<results>/shared_samples.json",
        compared="<results>/shared_samples.compared",
        provenance="<results>/provenance/compare_datasets.json",
    log:
        "<logs>/compare_datasets.log",
    group:
        "datasets"
    threads: 1
    resources:
        mem_mb=get_limit(1000, 10),
        runtime=get_limit(10, 0.05),
    params:
        specification=get_specification("compare_datasets"),
        code=get_code("compare_datasets.py"),
    message:
        "Look for samples that stand in two datasets"
    script:
        "../scripts/compare_datasets.py"
