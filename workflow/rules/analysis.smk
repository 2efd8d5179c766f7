# One job for a dataset: its quality, the fits of its contrasts and their set tests. Starting a job and reading the
# values takes longer than most fits, and a changed contrast runs its dataset alone. The files of a contrast do not bear
# the name of its dataset, so that every dataset has a rule of its own.
for dataset in STUDY.datasets:

    rule:
        name:
            f"analyse_dataset_{dataset}"
        input:
            expression=f"<results>/datasets/{dataset}/expression.h5ad",
            samples=f"<results>/datasets/{dataset}/samples.tsv",
            shared="<results>/shared_samples.json",
            sets="<results>/gene_sets.tsv.gz",
            checked=get_comparison,
        output:
            quality=f"<results>/datasets/{dataset}/quality.json",
            treatment=f"<results>/datasets/{dataset}/treatment.json",
            designs=expand(
                "<results>/contrasts/{contrast}/design.json",
                contrast=SCOPE.contrasts_of(dataset),
            ),
            tables=report(
                expand(
                    "<results>/contrasts/{contrast}/differential.tsv.gz",
                    contrast=SCOPE.contrasts_of(dataset),
                ),
                caption="../report/differential.rst",
                category="Tables",
            ),
            fits=expand(
                "<results>/contrasts/{contrast}/fit.npz",
                contrast=SCOPE.contrasts_of(dataset),
            ),
            checks=expand(
                "<results>/contrasts/{contrast}/quality.json",
                contrast=SCOPE.contrasts_of(dataset),
            ),
            set_tests=expand(
                "<results>/contrasts/{contrast}/set_tests.tsv",
                contrast=SCOPE.contrasts_of(dataset),
            ),
            descriptions=expand(
                "<results>/contrasts/{contrast}/set_descriptions.tsv",
                contrast=SCOPE.contrasts_of(dataset),
            ),
            provenance=f"<results>/provenance/analyse_dataset/{dataset}.json",
        log:
            f"<logs>/analyse_dataset/{dataset}.log",
        # The longest first, so that no core waits for the last one.
        priority: 10 + len(SCOPE.contrasts_of(dataset))
        group:
            "contrasts"
        threads: 1
        resources:
            mem_mb=get_limit(1000, 60),
            runtime=get_limit(10, 0.05),
        params:
            specification=get_specification("analyse_dataset", dataset),
            code=get_code("analyse_dataset.py"),
        message:
            f"Analyse {dataset}: quality, contrasts, gene sets"
        script:
            "../scripts/analyse_dataset.py"
