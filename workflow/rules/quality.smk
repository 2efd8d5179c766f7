rule assess_quality:
    input:
        expression="<results>/datasets/{dataset}/expression.h5ad",
        samples="<results>/datasets/{dataset}/samples.tsv",
    output:
        "<results>/datasets/{dataset}/quality.json",
    log:
        "<logs>/assess_quality/{dataset}.log",
    params:
        contrasts=lambda wildcards: [
            to_plain(contrast)
            for contrast in STUDY.contrasts.values()
            if contrast.dataset == wildcards.dataset
        ],
        code=get_code("assess_quality.py"),
    message:
        "Assess the quality of {wildcards.dataset}"
    script:
        "../scripts/assess_quality.py"
