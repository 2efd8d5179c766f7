"""Decide the verdict of every hypothesis by the closed rule table."""

from sidemine.provenance import record_job
from sidemine.script_log import log_to

with log_to(snakemake.log[0]), record_job(snakemake):
    from pathlib import Path

    from sidemine.considerations.registry import CONSIDERATIONS, judges_with, read_judges
    from sidemine.effect.record import HypothesisEvidence
    from sidemine.enrichment.set_test_table import ENRICHMENT
    from sidemine.lines.evidence import LayerEvidence
    from sidemine.lines.published.record import DescribedTable
    from sidemine.records import read_record
    from sidemine.study.models import to_plain
    from sidemine.study.specifications import DecideVerdicts
    from sidemine.tables import read_json, read_table, write_table
    from sidemine.verdict.answer import answer_study
    from sidemine.verdict.card import write_verdicts
    from sidemine.verdict.evidence_table import EVIDENCE, evidence_table

    given = snakemake.input
    specification = DecideVerdicts.model_validate(snakemake.params.specification)
    judges = read_judges({entry.name: [Path(path) for path in given[entry.name]] for entry in CONSIDERATIONS})
    verdicts = answer_study(
        study=to_plain(specification.study),
        hypotheses=specification.hypotheses,
        evidence={Path(path).stem: read_record(HypothesisEvidence, Path(path)) for path in given.evidence},
        words=specification.words,
        judges=judges_with(judges),
        enrichment={Path(path).parent.name: read_table(Path(path), ENRICHMENT) for path in given.enrichment},
        published=[read_record(DescribedTable, Path(path)) for path in given.published],
        lines=specification.lines,
        measured={Path(path).stem: read_record(LayerEvidence, Path(path)) for path in given.lines},
        simulated=any(record["simulated"] for record in read_json(Path(given.inputs))),
        planted=[sentence for path in given.planted for sentence in read_json(Path(path))],
    )
    write_verdicts(verdicts, Path(snakemake.output.verdicts))
    write_table(evidence_table(verdicts.verdicts), Path(snakemake.output.evidence), EVIDENCE)
