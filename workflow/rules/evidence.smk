# q-values span one family of sets times the contrasts of one role, so they are written here: adding a contrast does
# not run another contrast's tests again.
rule adjust_set_tests:
    input:
        tests=expand(
            "<results>/contrasts/{contrast}/set_tests.tsv", contrast=STUDY.contrasts
        ),
        descriptions=expand(
            "<results>/contrasts/{contrast}/set_descriptions.tsv",
            contrast=STUDY.contrasts,
        ),
    output:
        report(
            expand(
                "<results>/contrasts/{contrast}/enrichment.tsv",
                contrast=STUDY.contrasts,
            ),
            caption="../report/enrichment.rst",
            category="Tables",
        ),
    log:
        "<logs>/adjust_set_tests.log",
    params:
        roles=[contrast.role for contrast in STUDY.contrasts.values()],
        code=get_code("adjust_set_tests.py"),
    message:
        "Adjust the set tests for multiplicity"
    script:
        "../scripts/adjust_set_tests.py"


# One job for all hypotheses: each takes a tenth of a second, starting a job takes ten times as long.
rule measure_effects:
    input:
        fits=expand(
            "<results>/contrasts/{contrast}/fit.npz", contrast=get_measured_contrasts()
        ),
        designs=expand(
            "<results>/contrasts/{contrast}/design.json",
            contrast=get_measured_contrasts(),
        ),
        set_tests=expand(
            "<results>/contrasts/{contrast}/set_tests.tsv",
            contrast=get_measured_contrasts(),
        ),
        samples=[
            f"<results>/datasets/{STUDY.contrasts[contrast].dataset}/samples.tsv"
            for contrast in get_measured_contrasts()
        ],
        shared="<results>/shared_samples.json",
        sets="<results>/gene_sets.tsv.gz",
    output:
        expand(
            "<results>/evidence/{hypothesis}.json",
            hypothesis=[hypothesis.id for hypothesis in STUDY.config.hypotheses],
        ),
    log:
        "<logs>/measure_effects.log",
    priority: 10
    params:
        hypotheses=get_all_hypotheses,
        contrasts=lambda wildcards: [
            to_plain(STUDY.contrasts[contrast])
            for contrast in get_measured_contrasts()
        ],
        datasets=lambda wildcards: [
            to_plain(STUDY.datasets[STUDY.contrasts[contrast].dataset])
            for contrast in get_measured_contrasts()
        ],
        code=get_code("measure_effects.py"),
    message:
        "Measure the primary effects of all hypotheses"
    script:
        "../scripts/measure_effects.py"


# The tables beside the pooled primary effect, which stands in the evidence itself. One job for all hypotheses: pooling
# 20,000 genes takes less time than starting a job.
rule pool_datasets:
    input:
        evidence=expand(
            "<results>/evidence/{hypothesis}.json",
            hypothesis=[hypothesis.id for hypothesis in STUDY.config.hypotheses],
        ),
        fits=expand(
            "<results>/contrasts/{contrast}/fit.npz", contrast=get_primary_contrasts()
        ),
        sets="<results>/gene_sets.tsv.gz",
    output:
        genes=expand(
            "<results>/pooled/{hypothesis}/genes.tsv.gz",
            hypothesis=[hypothesis.id for hypothesis in STUDY.config.hypotheses],
        ),
        sets=expand(
            "<results>/pooled/{hypothesis}/sets.tsv",
            hypothesis=[hypothesis.id for hypothesis in STUDY.config.hypotheses],
        ),
    log:
        "<logs>/pool_datasets.log",
    params:
        hypotheses=get_all_hypotheses,
        settings=get_settings("min_set_size", "max_set_size"),
        code=get_code("pool_datasets.py"),
    message:
        "Pool the datasets of all hypotheses"
    script:
        "../scripts/pool_datasets.py"


# One job: the random sets of one contrast take a second, starting a job takes longer.
rule measure_specificity:
    input:
        fits=expand(
            "<results>/contrasts/{contrast}/fit.npz", contrast=get_primary_contrasts()
        ),
        sets="<results>/gene_sets.tsv.gz",
    output:
        table="<results>/specificity.tsv",
        record="<results>/specificity.json",
    log:
        "<logs>/measure_specificity.log",
    priority: 10
    params:
        hypotheses=get_all_hypotheses,
        settings=get_settings("matched_sets", "min_set_size", "max_set_size", "seed"),
        code=get_code("measure_specificity.py"),
    message:
        "Place the primary sets among matched random sets and comparator sets"
    script:
        "../scripts/measure_specificity.py"


# One job: a contrast with 130 samples takes seconds, the others nothing.
rule measure_calibration:
    input:
        fits=expand("<results>/contrasts/{contrast}/fit.npz", contrast=STUDY.contrasts),
        samples=[
            f"<results>/datasets/{contrast.dataset}/samples.tsv"
            for contrast in STUDY.contrasts.values()
        ],
        treatments=[
            f"<results>/datasets/{contrast.dataset}/treatment.json"
            for contrast in STUDY.contrasts.values()
        ],
        sets="<results>/gene_sets.tsv.gz",
    output:
        table="<results>/calibration.tsv",
        record="<results>/calibration.json",
    log:
        "<logs>/measure_calibration.log",
    priority: 10
    params:
        contrasts=get_all_contrasts,
        hypotheses=get_all_hypotheses,
        settings=get_settings(
            "calibration_labelings",
            "rotations",
            "min_group_size",
            "min_set_size",
            "max_set_size",
            "seed",
        ),
        tables=get_calibration_digests(),
        code=get_code("measure_calibration.py"),
    message:
        "Measure the size of the set tests"
    script:
        "../scripts/measure_calibration.py"


rule adjust_composition:
    input:
        fits=expand(
            "<results>/contrasts/{contrast}/fit.npz", contrast=get_primary_contrasts()
        ),
        stimuli=expand(
            "<results>/contrasts/{contrast}/fit.npz",
            contrast=get_contrasts_of_blood("stimulus"),
        ),
        sets="<results>/gene_sets.tsv.gz",
    output:
        expand(
            "<results>/contrasts/{contrast}/composition.json",
            contrast=get_composition_contrasts(),
        ),
    log:
        "<logs>/adjust_composition.log",
    priority: 10
    params:
        hypotheses=get_all_hypotheses,
        contrasts=get_composition_contrasts(),
        settings=get_settings("seed"),
        markers=get_marker_digests(),
        code=get_code("adjust_composition.py"),
    message:
        "Adjust the blood cohorts for the mix of blood cells"
    script:
        "../scripts/adjust_composition.py"


rule describe_published_table:
    input:
        table=lambda wildcards: f"<downloads>/{SOURCES.of_table[wildcards.table]['table'].key}",
        sets="<results>/gene_sets.tsv.gz",
        gene_table=f"<downloads>/{SOURCES.gene_table.key}",
        maps=lambda wildcards: [
            f"<downloads>/{source.key}"
            for role, source in SOURCES.of_table[wildcards.table].items()
            if role != "table"
        ],
    output:
        "<results>/published/{table}.json",
    log:
        "<logs>/describe_published_table/{table}.log",
    params:
        row=lambda wildcards: to_plain(STUDY.published_tables[wildcards.table]),
        maps=lambda wildcards: [
            role for role in SOURCES.of_table[wildcards.table] if role != "table"
        ],
        gene_table=get_gene_table,
        code=get_code("describe_published_table.py"),
    message:
        "Check the published table {wildcards.table} against its label"
    script:
        "../scripts/describe_published_table.py"
