rule test_gene_sets:
    input:
        fit="<results>/contrasts/{contrast}/fit.npz",
        sets="<results>/gene_sets.tsv.gz",
        checked=get_gate,
    output:
        tests="<results>/contrasts/{contrast}/set_tests.tsv",
        provenance="<results>/provenance/test_gene_sets/{contrast}.json",
    log:
        "<logs>/test_gene_sets/{contrast}.log",
    params:
        specification=get_specification("test_gene_sets", "contrast"),
        code=get_code("test_gene_sets.py"),
    message:
        "Test the gene sets in {wildcards.contrast}"
    script:
        "../scripts/test_gene_sets.py"


# One job for all contrasts: importing gseapy takes 1.8 s, describing 350 sets of 20,000 genes 3 s.
rule describe_gene_sets:
    input:
        fits=expand("<results>/contrasts/{contrast}/fit.npz", contrast=STUDY.contrasts),
        sets="<results>/gene_sets.tsv.gz",
        checked=get_gate,
    output:
        descriptions=expand(
            "<results>/contrasts/{contrast}/set_descriptions.tsv",
            contrast=STUDY.contrasts,
        ),
        provenance="<results>/provenance/describe_gene_sets.json",
    log:
        "<logs>/describe_gene_sets.log",
    # The longest job: the others run beside it.
    priority: 10
    params:
        specification=get_specification("describe_gene_sets"),
        code=get_code("describe_gene_sets.py"),
    message:
        "Describe the gene sets in all contrasts"
    script:
        "../scripts/describe_gene_sets.py"


# One job for all datasets: importing the library takes longer than scoring.
rule score_activities:
    input:
        expression=expand(
            "<results>/datasets/{dataset}/expression.h5ad", dataset=STUDY.datasets
        ),
        sets="<results>/gene_sets.tsv.gz",
        checked=get_gate,
    output:
        activities=expand(
            "<results>/datasets/{dataset}/activities.tsv.gz", dataset=STUDY.datasets
        ),
        provenance="<results>/provenance/score_activities.json",
    log:
        "<logs>/score_activities.log",
    params:
        specification=get_specification("score_activities"),
        code=get_code("score_activities.py"),
    message:
        "Score the activities of the target sets per sample"
    script:
        "../scripts/score_activities.py"
