rule fit_contrast:
    input:
        expression=lambda wildcards: f"<results>/datasets/{get_contrast_dataset(wildcards)}/expression.h5ad",
        treatment=lambda wildcards: f"<results>/datasets/{get_contrast_dataset(wildcards)}/treatment.json",
        checked=ancient("<results>/design_check.json"),
    output:
        table=report(
            "<results>/contrasts/{contrast}/differential.tsv.gz",
            caption="../report/differential.rst",
            category="Tables",
        ),
        design="<results>/contrasts/{contrast}/design.json",
        fit="<results>/contrasts/{contrast}/fit.npz",
    log:
        "<logs>/fit_contrast/{contrast}.log",
    priority: 10
    params:
        row=get_contrast_row,
        settings=get_settings("min_group_size", "on_untestable"),
        code=get_code("fit_contrast.py"),
    message:
        "Fit {wildcards.contrast}"
    script:
        "../scripts/fit_contrast.py"
