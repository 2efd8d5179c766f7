from sidemine.considerations.registry import CONSIDERATIONS


rule decide_verdicts:
    input:
        **{entry.name: list(entry.record_files(PLAN)) for entry in CONSIDERATIONS},
        evidence=expand(
            "<results>/evidence/{hypothesis}.json",
            hypothesis=SCOPE.hypotheses,
        ),
        enrichment=expand(
            "<results>/contrasts/{contrast}/enrichment.tsv", contrast=STUDY.contrasts
        ),
        published=expand(
            "<results>/published/{table}.json", table=STUDY.published_tables
        ),
        lines=expand("<results>/lines/{place}.json", place=STUDY.line_places),
        inputs="<results>/inputs.json",
        planted=[place_of(STUDY.planted)] if STUDY.planted else [],
        checked=get_comparison,
    output:
        verdicts=report(
            "<results>/verdicts.json",
            caption="../report/verdicts.rst",
            category="Answer",
        ),
        evidence=report(
            "<results>/evidence.tsv",
            caption="../report/evidence.rst",
            category="Answer",
        ),
        provenance="<results>/provenance/decide_verdicts.json",
    log:
        "<logs>/decide_verdicts.log",
    group:
        "evidence"
    threads: 1
    resources:
        mem_mb=get_limit(1000),
        runtime=get_limit(10, 0.05),
    params:
        specification=get_specification("decide_verdicts"),
        code=get_code("decide_verdicts.py"),
    message:
        "Decide the verdicts"
    script:
        "../scripts/decide_verdicts.py"
