"""Write down inputs, versions and digests: all that another run needs to give the same bytes."""

from sidemine.script_log import log_to

with log_to(snakemake.log[0]):
    from pathlib import Path

    from sidemine.provenance import record_job
    from sidemine.report.manifest import describe_environment, digest_of_inputs
    from sidemine.study.specifications import WriteManifest
    from sidemine.tables import read_json, write_json

    specification = WriteManifest.model_validate(snakemake.params.specification)
    inputs = read_json(Path(snakemake.input.inputs))
    manifest = {
        "inputs": inputs,
        "lock_digest": digest_of_inputs(inputs),
        "seed": specification.seed,
        "config_digest": specification.config_digest,
        "code_digest": specification.package,
        **describe_environment(),
    }
    with record_job(snakemake):
        write_json(manifest, Path(snakemake.output.manifest))
