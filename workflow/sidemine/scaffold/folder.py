"""Write a proposed study as a folder: config.yaml and its sheets, every proposal with its evidence beside it."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sidemine.errors import Problem, SidemineError, StudyError, visible
from sidemine.scaffold.blanks import TO_FILL_IN
from sidemine.scaffold.gene_sets import ProposedSets
from sidemine.scaffold.proposal import ProposedContrast, ProposedDataset
from sidemine.sources.geo_metadata import clean_name
from sidemine.study.load import load_study

_LONGEST_ID = 64
_LONGEST_NOTE = 2000
_LONG_LABEL = 40
GENE_TABLE_ADDRESS = "https://storage.googleapis.com/public-download-files/hgnc/tsv/tsv/hgnc_complete_set.txt"
_GENE_TABLE = "gene_table.tsv"
_DATASET_COLUMNS = [
    "dataset",
    "accession",
    "platform",
    "layout",
    "file",
    "metadata",
    "identifiers",
    "scale",
    "subset",
    "sample_name",
    "biological_unit",
    "replicates",
    "tissue",
    "composition",
    "licence",
    "status",
    "note",
]
_SET_COLUMNS = ["gene_set", "family", "source", "format", "member", "licence", "version", "note"]
_DATASETS_HEAD = """\
# Proposed by `sidemine new`; the note says what each cell rests on. Read the record, correct the row, set status to verified.
# replicates: people, cultures or wells. composition: blood, tissue, the path of a marker file, or not_needed: and why. No record
# says either, so both wait for you. licence: the terms of use, as the record or the paper words them.
"""
_CONTRASTS_HEAD = """\
# Every number that follows from a row is target minus reference. Rows that no hypothesis names are exploratory.
# Selectors compare whole values. The note says why these groups, and what may be wrong with them (TRAP).
"""
_SETS_HEAD = "# target: genes that the pathway regulates (a hypothesis rests on one). confounder: what else moves tissue and blood.\n"


@dataclass(frozen=True)
class ProposedStudy:
    """A whole study, as it is proposed.

    Attributes
    ----------
    name
        Its id.
    datasets
        Data sets with their contrasts.
    sets
        Gene sets.
    gene_table
        The user's own table of genes; None: HGNC's.
    """

    name: str
    datasets: tuple[ProposedDataset, ...]
    sets: ProposedSets
    gene_table: Path | None = None

    @property
    def contrast_ids(self) -> dict[str, list[str]]:
        """Ids of the contrasts of each data set, in their order."""
        taken: set[str] = set()
        return {
            dataset.dataset: [_unused(_contrast_id(dataset.dataset, each), taken) for each in dataset.contrasts]
            for dataset in self.datasets
        }


def write_study(study: ProposedStudy, folder: Path) -> list[str]:
    """Write the folder and return the names of its files; what was written passes `sidemine check`.

    Parameters
    ----------
    study
        What is proposed.
    folder
        The folder to make.

    Raises
    ------
    StudyError
        When there is such a folder or file already, when no comparison can be proposed, or when the proposal is no study
        that `sidemine check` accepts; nothing is left behind then.
    """
    refuse_existing(folder)
    if not any(dataset.contrasts for dataset in study.datasets):
        raise StudyError(_no_contrast(study))
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as temporary:
        draft = Path(temporary) / folder.name
        draft.mkdir()
        for place, source in [*study.sets.files, *_own_gene_table(study)]:
            (draft / place).parent.mkdir(exist_ok=True)
            shutil.copyfile(source, draft / place)
        for name, text in _texts(study).items():
            (draft / name).write_text(text, encoding="utf-8")
        try:
            load_study(draft / "config.yaml")
        except SidemineError as error:
            raise StudyError([*error.problems, _not_accepted(study)]) from error
        refuse_existing(folder)
        draft.rename(folder)
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def refuse_existing(folder: Path) -> None:
    """Refuse a place where something stands already: a study may hold work that no command can write again.

    Raises
    ------
    StudyError
        When there is such a file or folder.
    """
    if folder.exists() or folder.is_symlink():
        raise StudyError(
            Problem(
                "there is such a folder already, and nothing is overwritten",
                str(folder),
                "a folder that does not exist yet",
                "Name another folder, or move this one away.",
            )
        )


def _no_contrast(study: ProposedStudy) -> Problem:
    return Problem(
        "no comparison can be proposed: no words of the records separate groups of two or more samples",
        ", ".join(
            f"{dataset.cells['accession']}: {dataset.traps[0] if dataset.traps else 'no groups'}"
            for dataset in study.datasets
        ),
        "series whose keys or titles tell target and reference",
        "Run `sidemine inspect ACCESSION`; write the study by hand, with a sample_sheet that names the groups.",
    )


def _not_accepted(study: ProposedStudy) -> Problem:
    return Problem(
        "the proposed study does not pass `sidemine check`, so it was not written",
        ", ".join(dataset.cells["accession"] for dataset in study.datasets),
        "records whose words can stand in sheets",
        "Write the study by hand after `sidemine inspect`; please report the accession.",
    )


def _texts(study: ProposedStudy) -> dict[str, str]:
    ids = study.contrast_ids
    contrasts = [
        _contrast_cells(name, dataset, each)
        for dataset in study.datasets
        for name, each in zip(ids[dataset.dataset], dataset.contrasts, strict=True)
    ]
    datasets = [_dataset_cells(dataset) for dataset in study.datasets]
    return {
        "datasets.tsv": _DATASETS_HEAD + _sheet(_DATASET_COLUMNS, datasets),
        "contrasts.tsv": _CONTRASTS_HEAD + _sheet(list(contrasts[0]), contrasts),
        "gene_sets.tsv": _SETS_HEAD + _sheet(_SET_COLUMNS, study.sets.rows),
        "config.yaml": _config(study, ids),
    }


def _sheet(columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> str:
    lines = ["\t".join(columns)]
    lines += ["\t".join(" ".join(visible(row.get(name, "")).split()) for name in columns) for row in rows]
    return "\n".join(lines) + "\n"


def _note(evidence: Iterable[str], traps: Iterable[str]) -> str:
    sentences = [text.rstrip(".") + "." for text in [*evidence, *(f"TRAP: {trap}" for trap in traps)]]
    return " ".join(sentences)[:_LONGEST_NOTE]


def _dataset_cells(dataset: ProposedDataset) -> dict[str, str]:
    return {**dataset.cells, "status": "unverified", "note": _note(dataset.evidence, dataset.traps)}


def _contrast_cells(name: str, dataset: ProposedDataset, contrast: ProposedContrast) -> dict[str, str]:
    size = f"{contrast.n_target} against {contrast.n_reference} samples"
    return {
        "contrast": name,
        "dataset": dataset.dataset,
        "role": dataset.role,
        "target": str(contrast.target),
        "reference": str(contrast.reference),
        "target_label": contrast.target_label,
        "reference_label": contrast.reference_label,
        "covariates": ",".join(contrast.covariates),
        "block": contrast.pairing.column if contrast.pairing else "",
        "status": "unverified",
        "note": _note((f"Guessed from the record: {size}", *contrast.evidence), contrast.traps),
    }


def _contrast_id(dataset: str, contrast: ProposedContrast) -> str:
    """Return an id that says what the target is; of a long label, what sets it apart from the reference."""
    words, others = [clean_name(text).split("_") for text in (contrast.target_label, contrast.reference_label)]
    apart = [word for word in words if word not in others]
    named = "_".join(apart if apart and len(contrast.target_label) > _LONG_LABEL else words)
    return f"{dataset}_{re.sub(r'[^a-z0-9_]', '', named)}"[: _LONGEST_ID - 4].rstrip("_")


def _unused(name: str, taken: set[str]) -> str:
    unused, number = name, 1
    while unused in taken:
        number += 1
        unused = f"{name}_{number}"
    taken.add(unused)
    return unused


# ---------------------------------------------------------------------------------------------------------- config.yaml


def _quoted(text: str) -> str:
    """Return text as YAML reads it back, in double quotes."""
    return json.dumps(" ".join(visible(text).split()), ensure_ascii=False)


def _config(study: ProposedStudy, ids: Mapping[str, Sequence[str]]) -> str:
    questions = _questions(study, ids)
    return f"""\
# Proposed by `sidemine new`. Every key is explained in config/README.md. What reads {TO_FILL_IN} waits for you.
study:
  id: {study.name}
  title: {_quoted(f"{study.name}: {TO_FILL_IN}")}
  question: "{TO_FILL_IN}: the study's question in one sentence"
  drug_class: "{TO_FILL_IN}"
  outcome: "{TO_FILL_IN}"
  # Shown at the top of the report. Take it out when all rows are verified.
  notice: "Selectors, scales and pairs were proposed by a program and not yet checked against the records."

datasets: datasets.tsv
contrasts: contrasts.tsv
gene_sets: gene_sets.tsv

# The symbols that genes are reported by.
gene_table:
{_gene_table(study)}
{_derive(study)}
# Write all of this before you look at any result, and leave it then.
# direction: where target minus reference goes. Nobody has declared one, so it is either, and the answer is suggestive at
#   most. Write up or down only where you can say why beforehand.
# margin: the smallest effect worth calling one. 0.4 is the program's number, not yours: Hedges g between people, log2 units
#   between treated samples.
hypotheses:
{questions}
# A positive control shows that these data could have shown the effect. Name a contrast of role stimulus in which the set must move
# (for example the cytokine that the drug's target answers to), take away the #, and add requires: [set_moves] to the
# question about the drug.
#  - id: set_moves
#    question: "Positive control: does the stimulus move the set?"
#    kind: experiment
#    role: positive_control
#    primary: {{set: {study.sets.primary[0]}, contrasts: [TO_FILL_IN], direction: up, margin: 0.4}}
"""


def _own_gene_table(study: ProposedStudy) -> list[tuple[str, Path]]:
    if study.gene_table is None:
        return []
    return [(_GENE_TABLE + (".gz" if study.gene_table.suffix == ".gz" else ""), study.gene_table)]


def _gene_table(study: ProposedStudy) -> str:
    for place, _ in _own_gene_table(study):
        return f"""\
  file: {place}
  format: ensembl
  licence: "{TO_FILL_IN}: terms of the table"
  version: "{TO_FILL_IN}"
"""
    return f"""\
  file: {GENE_TABLE_ADDRESS}
  format: hgnc
  licence: "CC0 1.0 (HGNC)"
  version: moving
  mutable: true
"""


def _derive(study: ProposedStudy) -> str:
    datasets = [dataset for dataset in study.datasets if dataset.derivations]
    if not datasets:
        return ""
    lines = [
        "",
        "# Guessed: columns made from others. The expression matches every value as a whole; its group is the new value.",
        "derive:",
    ]
    for dataset in datasets:
        lines.append(f"  {dataset.dataset}:")
        for derivation in dataset.derivations:
            lines.append(
                f"    {derivation.column}: {{from: {_quoted(derivation.source)}, regex: {_quoted(derivation.regex)}}}"
            )
    return "\n".join(lines) + "\n"


def _questions(study: ProposedStudy, ids: Mapping[str, Sequence[str]]) -> str:
    parts = []
    cohorts = [ids[dataset.dataset][0] for dataset in study.datasets if dataset.role == "disease" and dataset.contrasts]
    for number, set_name in enumerate(study.sets.primary, start=1):
        if cohorts:
            question = f"{TO_FILL_IN}: are the genes of {set_name} altered in the disease?"
            parts.append(_question(f"disease_set_{number}", question, "cohort", set_name, cohorts))
        for dataset in study.datasets:
            if dataset.role == "inhibitor" and dataset.contrasts:
                question = f"{TO_FILL_IN}: does the drug change the genes of {set_name} ({dataset.cells['accession']})?"
                parts.append(
                    _question(
                        f"{dataset.dataset}_set_{number}"[:_LONGEST_ID],
                        question,
                        "experiment",
                        set_name,
                        ids[dataset.dataset][:1],
                    )
                )
    return "\n".join(parts)


def _question(name: str, question: str, kind: str, set_name: str, contrasts: Sequence[str]) -> str:
    unit = "Hedges g" if kind == "cohort" else "log2 units"
    return f"""\
  - id: {name}
    question: {_quoted(question)}
    kind: {kind}
    primary:
      set: {set_name}
      contrasts: [{", ".join(contrasts)}]
      direction: either  # TO DECLARE, before any result: up, down, or either
      margin: 0.4  # TO DECLARE, before any result, in {unit}
    threats:
      - "The comparison was proposed by a program from the words of the record."
"""
