# One job: the rotations of one bridge take seconds, and all bridges share the fits.
rule measure_concordance:
    input:
        fits=expand(
            "<results>/contrasts/{contrast}/fit.npz",
            contrast=SCOPE.concordance_contrasts,
        ),
        designs=expand(
            "<results>/contrasts/{contrast}/design.json",
            contrast=SCOPE.concordance_contrasts,
        ),
        samples=expand(
            "<results>/datasets/{dataset}/samples.tsv",
            dataset=SCOPE.concordance_datasets,
        ),
        shared="<results>/shared_samples.json",
        sets="<results>/gene_sets.tsv.gz",
        signatures=[
            f"<downloads>/{source.key}" for source in SOURCES.of_bridge.values()
        ],
        gene_table=f"<downloads>/{SOURCES.gene_table.key}" if SOURCES.of_bridge else [],
        checked=get_gate,
    output:
        table="<results>/concordance.tsv",
        record="<results>/concordance.json",
        provenance="<results>/provenance/measure_concordance.json",
    log:
        "<logs>/measure_concordance.log",
    threads: 1
    resources:
        mem_mb=get_limit(2000, 20),
        runtime=get_limit(120),
    params:
        specification=get_specification("measure_concordance"),
        markers=get_marker_digests(),
        code=get_code("measure_concordance.py"),
    message:
        "Compare the drug's profiles with the disease's"
    script:
        "../scripts/measure_concordance.py"
