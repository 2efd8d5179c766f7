# One job: a refit takes a tenth of a second, starting a job takes longer.
rule vary_analysis:
    input:
        expression=expand(
            "<results>/datasets/{dataset}/expression.h5ad",
            dataset=get_primary_datasets(),
        ),
        treatment=expand(
            "<results>/datasets/{dataset}/treatment.json",
            dataset=get_primary_datasets(),
        ),
        quality=expand(
            "<results>/datasets/{dataset}/quality.json", dataset=get_primary_datasets()
        ),
        checks=expand(
            "<results>/contrasts/{contrast}/quality.json",
            contrast=get_primary_contrasts(),
        ),
        composition=expand(
            "<results>/contrasts/{contrast}/composition.json",
            contrast=get_composition_contrasts(),
        ),
        evidence=expand(
            "<results>/evidence/{hypothesis}.json",
            hypothesis=[hypothesis.id for hypothesis in STUDY.config.hypotheses],
        ),
        specificity="<results>/specificity.json",
        calibration="<results>/calibration.json",
        sets="<results>/gene_sets.tsv.gz",
        gene_table=f"<downloads>/{SOURCES.gene_table.key}",
        raw=list(get_probe_files().values()),
    output:
        table="<results>/robustness.tsv",
        record="<results>/robustness.json",
    log:
        "<logs>/vary_analysis.log",
    priority: 10
    params:
        hypotheses=get_all_hypotheses,
        contrasts=get_all_contrasts,
        datasets=lambda wildcards: [
            to_plain(STUDY.datasets[dataset]) for dataset in get_primary_datasets()
        ],
        raw=lambda wildcards: list(get_probe_files()),
        gene_table=get_gene_table,
        settings=get_settings(
            "robustness",
            "robustness_crossed",
            "probe_rule",
            "multi_gene_probes",
            "min_group_size",
            "min_set_size",
            "rotations",
            "seed",
        ),
        markers=get_marker_digests(),
        code=get_code("vary_analysis.py"),
    message:
        "Ask every hypothesis again with one decision changed at a time"
    script:
        "../scripts/vary_analysis.py"
