rule fit_contrast:
    input:
        expression=lambda wildcards: f"<results>/datasets/{get_contrast_dataset(wildcards)}/expression.h5ad",
        treatment=lambda wildcards: f"<results>/datasets/{get_contrast_dataset(wildcards)}/treatment.json",
        checked=get_gate,
    output:
        table=report(
            "<results>/contrasts/{contrast}/differential.tsv.gz",
            caption="../report/differential.rst",
            category="Tables",
        ),
        design="<results>/contrasts/{contrast}/design.json",
        fit="<results>/contrasts/{contrast}/fit.npz",
        provenance="<results>/provenance/fit_contrast/{contrast}.json",
    log:
        "<logs>/fit_contrast/{contrast}.log",
    priority: 10
    params:
        specification=get_specification("fit_contrast", "contrast"),
        code=get_code("fit_contrast.py"),
    message:
        "Fit {wildcards.contrast}"
    script:
        "../scripts/fit_contrast.py"
