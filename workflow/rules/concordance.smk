# One job: the rotations of one bridge take seconds, and all bridges share the fits.
rule measure_concordance:
    input:
        fits=expand(
            "<results>/contrasts/{contrast}/fit.npz",
            contrast=get_concordance_contrasts(),
        ),
        designs=expand(
            "<results>/contrasts/{contrast}/design.json",
            contrast=get_concordance_contrasts(),
        ),
        samples=expand(
            "<results>/datasets/{dataset}/samples.tsv",
            dataset=get_concordance_datasets(),
        ),
        shared="<results>/shared_samples.json",
        sets="<results>/gene_sets.tsv.gz",
        signatures=[
            f"<downloads>/{source.key}" for source in SOURCES.of_bridge.values()
        ],
        gene_table=f"<downloads>/{SOURCES.gene_table.key}" if SOURCES.of_bridge else [],
    output:
        table="<results>/concordance.tsv",
        record="<results>/concordance.json",
    log:
        "<logs>/measure_concordance.log",
    params:
        declared=lambda wildcards: to_plain(STUDY.config.concordance),
        bridges=list(SOURCES.of_bridge),
        contrasts=lambda wildcards: [
            to_plain(STUDY.contrasts[name]) for name in get_concordance_contrasts()
        ],
        datasets=lambda wildcards: [
            to_plain(STUDY.datasets[name]) for name in get_concordance_datasets()
        ],
        gene_table=get_gene_table,
        settings=get_settings("rotations", "seed"),
        markers=get_marker_digests(),
        code=get_code("measure_concordance.py"),
    message:
        "Compare the drug's profiles with the disease's"
    script:
        "../scripts/measure_concordance.py"
