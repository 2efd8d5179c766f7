"""Write down inputs, versions and digests: all that another run needs to give the same bytes."""

from sidemine.script_log import log_to

with log_to(snakemake.log[0]):
    from pathlib import Path

    from sidemine.provenance import record_job
    from sidemine.records import read_record, write_record
    from sidemine.report.manifest import describe_manifest
    from sidemine.retrieve.record import InputRecord
    from sidemine.study.specifications import WriteManifest

    specification = WriteManifest.model_validate(snakemake.params.specification)
    manifest = describe_manifest(
        read_record(list[InputRecord], Path(snakemake.input.inputs)),
        seed=specification.seed,
        config_digest=specification.config_digest,
        code_digest=specification.package,
    )
    with record_job(snakemake):
        write_record(manifest, Path(snakemake.output.manifest))
