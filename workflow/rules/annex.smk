from sidemine.report.annex_files import annex_names

ANNEX = {
    kind: [f"<results>/annex/{name}" for name in names]
    for kind, names in annex_names(SCOPE.hypotheses, list(STUDY.contrasts)).items()
}


# Figures as files, each with a caption that says how to judge it: a target of its own, for `snakemake --report`.
rule draw_annex:
    input:
        study="<results>/study.json",
        page="<results>/report.html",
    output:
        forest=report(
            ANNEX["forest"], caption="../report/forest.rst", category="Figures"
        ),
        specificity=report(
            ANNEX["specificity"],
            caption="../report/specificity.rst",
            category="Figures",
        ),
        confounders=report(
            ANNEX["confounders"],
            caption="../report/confounders.rst",
            category="Figures",
        ),
        adjustment=report(
            ANNEX["adjustment"], caption="../report/adjustment.rst", category="Figures"
        ),
        specification=report(
            ANNEX["specification"],
            caption="../report/specification.rst",
            category="Figures",
        ),
        histogram=report(
            ANNEX["histogram"], caption="../report/histogram.rst", category="Figures"
        ),
        components=report(
            ANNEX["components"], caption="../report/components.rst", category="Figures"
        ),
    log:
        "<logs>/draw_annex.log",
    group:
        "evidence"
    threads: 1
    resources:
        mem_mb=get_limit(1000, 10),
        runtime=get_limit(10, 0.05),
    params:
        code=get_code("draw_annex.py"),
    message:
        "Draw the figures of the annex"
    script:
        "../scripts/draw_annex.py"


rule annex:
    input:
        get_final_output(),
        list(ANNEX.values()),
