rule test_gene_sets:
    input:
        fit="<results>/contrasts/{contrast}/fit.npz",
        table="<results>/contrasts/{contrast}/differential.tsv.gz",
        design="<results>/contrasts/{contrast}/design.json",
        sets="<results>/gene_sets.tsv.gz",
    output:
        "<results>/contrasts/{contrast}/set_tests.tsv",
    log:
        "<logs>/test_gene_sets/{contrast}.log",
    params:
        settings=get_settings("min_set_size", "max_set_size", "over_representation_fdr"),
        code=get_code("test_gene_sets.py"),
    message:
        "Test the gene sets in {wildcards.contrast}"
    script:
        "../scripts/test_gene_sets.py"


# Descriptive: gene permutation does not hold its size on co-expressed genes, so it never carries a verdict.
rule rank_gene_sets:
    input:
        table="<results>/contrasts/{contrast}/differential.tsv.gz",
        sets="<results>/gene_sets.tsv.gz",
    output:
        "<results>/contrasts/{contrast}/prerank.tsv",
    log:
        "<logs>/rank_gene_sets/{contrast}.log",
    params:
        settings=get_settings(
            "min_set_size", "max_set_size", "prerank_permutations", "seed"
        ),
        code=get_code("rank_gene_sets.py"),
    message:
        "Rank the genes of {wildcards.contrast} (descriptive GSEA)"
    script:
        "../scripts/rank_gene_sets.py"


rule score_activities:
    input:
        expression="<results>/datasets/{dataset}/expression.h5ad",
        sets="<results>/gene_sets.tsv.gz",
    output:
        "<results>/datasets/{dataset}/activities.tsv.gz",
    log:
        "<logs>/score_activities/{dataset}.log",
    params:
        settings=get_settings("min_set_size"),
        code=get_code("score_activities.py"),
    message:
        "Score the activities of the target sets per sample of {wildcards.dataset}"
    script:
        "../scripts/score_activities.py"
