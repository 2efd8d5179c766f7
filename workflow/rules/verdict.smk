rule decide_verdicts:
    input:
        evidence=expand(
            "<results>/evidence/{hypothesis}.json",
            hypothesis=[hypothesis.id for hypothesis in STUDY.config.hypotheses],
        ),
        enrichment=expand(
            "<results>/contrasts/{contrast}/enrichment.tsv", contrast=STUDY.contrasts
        ),
        quality=expand(
            "<results>/datasets/{dataset}/quality.json", dataset=STUDY.datasets
        ),
        checks=expand(
            "<results>/contrasts/{contrast}/quality.json", contrast=STUDY.contrasts
        ),
        published=expand(
            "<results>/published/{table}.json", table=STUDY.published_tables
        ),
        specificity="<results>/specificity.json",
        robustness="<results>/robustness.json",
        calibration="<results>/calibration.json",
        composition=expand(
            "<results>/contrasts/{contrast}/composition.json",
            contrast=get_composition_contrasts(),
        ),
        inputs="<results>/inputs.json",
    output:
        report(
            "<results>/verdicts.json",
            caption="../report/verdicts.rst",
            category="Answer",
        ),
    log:
        "<logs>/decide_verdicts.log",
    params:
        study=lambda wildcards: to_plain(STUDY.config.study),
        hypotheses=lambda wildcards: [
            to_plain(hypothesis) for hypothesis in STUDY.config.hypotheses
        ],
        planted=lambda wildcards: str(STUDY.planted or ""),
        code=get_code("decide_verdicts.py"),
    message:
        "Decide the verdicts"
    script:
        "../scripts/decide_verdicts.py"
