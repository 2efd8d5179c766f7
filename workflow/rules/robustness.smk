from sidemine.considerations.registry import CONSIDERATIONS


# One job: a refit takes a tenth of a second, starting a job takes longer.
rule vary_analysis:
    input:
        **{
            entry.name: list(entry.record_files(PLAN))
            for entry in CONSIDERATIONS
            if entry.of_variants
        },
        expression=expand(
            "<results>/datasets/{dataset}/expression.h5ad",
            dataset=SCOPE.primary_datasets,
        ),
        treatment=expand(
            "<results>/datasets/{dataset}/treatment.json",
            dataset=SCOPE.primary_datasets,
        ),
        quality=expand(
            "<results>/datasets/{dataset}/quality.json", dataset=SCOPE.primary_datasets
        ),
        checks=expand(
            "<results>/contrasts/{contrast}/quality.json",
            contrast=SCOPE.primary_contrasts,
        ),
        evidence=expand(
            "<results>/evidence/{hypothesis}.json",
            hypothesis=SCOPE.hypotheses,
        ),
        sets="<results>/gene_sets.tsv.gz",
        gene_table=f"<downloads>/{SOURCES.gene_table.key}",
        raw=[
            f"<downloads>/{source.key}"
            for dataset in SCOPE.primary_arrays
            for source in SOURCES.of_dataset[dataset].values()
        ],
        samples=expand(
            "<results>/datasets/{dataset}/samples.tsv", dataset=SCOPE.primary_arrays
        ),
        checked=get_gate,
    output:
        table="<results>/robustness.tsv",
        record="<results>/robustness.json",
        provenance="<results>/provenance/vary_analysis.json",
    log:
        "<logs>/vary_analysis.log",
    priority: 10
    threads: 1
    resources:
        mem_mb=get_limit(2000, 60),
        runtime=get_limit(240),
    params:
        specification=get_specification("vary_analysis"),
        markers=get_marker_digests(),
        code=get_code("vary_analysis.py"),
    message:
        "Ask every hypothesis again with one decision changed at a time"
    script:
        "../scripts/vary_analysis.py"
