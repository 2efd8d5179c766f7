"""What stands in every file of a study's results: `python -m sidemine.data_dictionary` writes `docs/data-dictionary.md`.

Columns come from the tables' own specifications, records from their schemas; only where the files of the stages lie is said here.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from sidemine.considerations.registry import CONSIDERATIONS
from sidemine.differential.differential_table import DIFFERENCES, DIFFERENTIAL
from sidemine.effect.pooled_columns import POOLED_GENES, POOLED_SETS
from sidemine.enrichment.activity import ACTIVITIES
from sidemine.enrichment.gene_set_table import GENE_SETS
from sidemine.enrichment.gene_sets import GENE_SETS_LEDGER
from sidemine.enrichment.set_test_table import ENRICHMENT, SET_TESTS
from sidemine.lines.registry import LINES
from sidemine.prepare.gene_ledger import GENES_LEDGER
from sidemine.prepare.sample_table import SAMPLES
from sidemine.record_schemas import record_kinds, record_schemas
from sidemine.registered_jobs import STUDY_JOBS
from sidemine.tables import Column, TableSpec
from sidemine.verdict.evidence_table import EVIDENCE

FILE = Path(__file__).resolve().parents[2] / "docs" / "data-dictionary.md"


@dataclass(frozen=True)
class ResultFile:
    """One kind of file below the results of a study.

    Attributes
    ----------
    path
        Relative to the results; <word> stands for a name that the study declares.
    tables
        What a table may be.
    record
        Name of the record's schema.
    words
        What a file holds that is neither.
    """

    path: str
    tables: tuple[TableSpec, ...] = ()
    record: str = ""
    words: str = ""

    def is_at(self, path: str) -> bool:
        """Return whether a path, relative to the results, is one of this kind."""
        return re.fullmatch(re.sub(r"<\w+>", "[^/.]+", self.path.replace(".", r"\.")), path) is not None


def _declared_files() -> Iterator[ResultFile]:
    """Give the files that considerations and lines of evidence declare, each a table or a record by its name."""
    declared = [*(entry.tables for entry in CONSIDERATIONS), *(entry.tables for entry in LINES)]
    tables = {table.name: table for of_entry in declared for table in of_entry}
    names = {kind: name for name, kind in record_kinds().items()}
    details = {line.job.name: names[line.details] for line in LINES if line.details}
    for job in STUDY_JOBS:
        # Where the files follow from the study (composition), they are listed with the others of a contrast.
        for output, pattern in () if callable(job.outputs) else job.outputs.items():
            path = re.sub(r"{(\w+)}", r"<\1>", str(pattern).removeprefix("<results>/"))
            folder, _, file = path.rpartition("/")
            if file.endswith(".tsv"):
                yield ResultFile(path, (tables[file],))
            elif job.name in details:
                yield ResultFile(path, record="layer_evidence" if output == "evidence" else details[job.name])
            else:
                yield ResultFile(path, record=folder or file.removesuffix(".json"))


_NO_PANEL = "Of cohorts and experiments. The arms of a panel share samples: they stand in one model (`compounds.json`), not here."

RESULT_FILES: tuple[ResultFile, ...] = (
    ResultFile("report.html", words="The page."),
    ResultFile("verdicts.json", record="verdicts"),
    ResultFile("evidence.tsv", (EVIDENCE,)),
    ResultFile("study.json", record="study"),
    ResultFile("inputs.json", record="inputs"),
    ResultFile("manifest.json", record="manifest"),
    ResultFile("run.json", record="run"),
    ResultFile("shared_samples.json", record="shared_samples"),
    ResultFile(
        "shared_samples.compared", words="One line, always the same: all datasets were compared with each other."
    ),
    ResultFile("design_check.json", record="design_check"),
    ResultFile("design_check.passed", words="Empty: the designs were checked and none stops the run."),
    ResultFile("gene_sets.tsv.gz", (GENE_SETS,)),
    ResultFile("gene_sets_ledger.tsv", (GENE_SETS_LEDGER,)),
    ResultFile("datasets/<dataset>/samples.tsv", (SAMPLES,)),
    ResultFile("datasets/<dataset>/mismatches.json", record="mismatches"),
    ResultFile("datasets/<dataset>/filtered_cells.json", record="filtered_cells"),
    ResultFile(
        "datasets/<dataset>/expression.h5ad",
        words="Samples × genes for anndata: `layers['log2']` or `layers['counts']`, the samples in `obs`, the genes in `var`, "
        "where they come from in `uns` ([schema](records/expression_provenance.schema.json)).",
    ),
    ResultFile("datasets/<dataset>/genes_ledger.tsv", (GENES_LEDGER,)),
    ResultFile("datasets/<dataset>/quality.json", record="dataset_quality"),
    ResultFile("datasets/<dataset>/treatment.json", record="treatment"),
    ResultFile("datasets/<dataset>/activities.tsv.gz", (ACTIVITIES,)),
    ResultFile("contrasts/<contrast>/design.json", record="design"),
    ResultFile("contrasts/<contrast>/differential.tsv.gz", (DIFFERENTIAL, DIFFERENCES)),
    ResultFile(
        "contrasts/<contrast>/fit.npz",
        words="The fitted model for the later steps: genes, effects, residual space, variances; read by `load_fit`.",
    ),
    ResultFile("contrasts/<contrast>/quality.json", record="contrast_quality"),
    ResultFile("contrasts/<contrast>/composition.json", record="composition"),
    ResultFile("contrasts/<contrast>/set_tests.tsv", (SET_TESTS,)),
    ResultFile("contrasts/<contrast>/set_descriptions.tsv", (SET_TESTS,)),
    ResultFile("contrasts/<contrast>/enrichment.tsv", (ENRICHMENT,)),
    ResultFile("evidence/<hypothesis>.json", record="evidence"),
    ResultFile("pooled/<hypothesis>/genes.tsv.gz", (POOLED_GENES,), words=_NO_PANEL),
    ResultFile("pooled/<hypothesis>/sets.tsv", (POOLED_SETS,), words=_NO_PANEL),
    *_declared_files(),
    ResultFile(
        "annex/<name>", words="Figures in files of their own, where the study asks for them; the name says which."
    ),
    ResultFile(".run_lock", words="Empty: held while a run of the study is under way."),
    ResultFile("flags_mqc.json", words="The samples and their flags, as a custom-content table of MultiQC."),
    *(
        ResultFile(
            f"provenance/{path}.json",
            words="What a job read and wrote: digests of its specification, its code, its inputs and its outputs.",
        )
        for path in ("<job>", "<job>/<about>")
    ),
)


def write_dictionary() -> str:
    """Return the data dictionary, in Markdown."""
    schemas = record_schemas()
    parts = [_INTRODUCTION]
    for file in RESULT_FILES:
        parts.append(f"## `{file.path}`\n")
        for table in file.tables:
            parts += [_columns(table)]
        if file.record:
            parts.append(f"{_about(schemas[file.record])} [Schema](records/{file.record}.schema.json).\n")
        if file.words:
            parts.append(f"{file.words}\n")
    return "\n".join(parts)


_INTRODUCTION = """# Data dictionary

Every file below `results/<study>/`, and every column of every table. Words in `<…>` stand for names that the study declares.
This page is written by `python -m sidemine.data_dictionary`; a test compares it with the files of a finished run.

- Tables are tab-separated UTF-8 with one header line; names that end in `.gz` are packed with gzip. Text that holds a tab or a
  quote stands in quotes. An empty cell means: there is no value, for the reason that the column gives.
- Numbers have at most 10 digits. Every signed number is target minus reference: positive means higher in the target.
- Records are JSON; their schemas say what each key means and which may be null.
"""


def _about(schema: dict[str, JsonValue]) -> str:
    """Return what a record is; of a list or an object, what each entry is, and of several forms, what each form is."""
    definitions = schema.get("$defs", {})

    def first_sentences(part: JsonValue) -> str:
        if isinstance(part, dict) and isinstance(definitions, dict) and isinstance(part.get("$ref"), str):
            part = definitions[str(part["$ref"]).rpartition("/")[2]]
        words = str(part.get("description", "")) if isinstance(part, dict) else ""
        return " ".join(words.split("\n\n")[0].split())

    if "description" in schema:
        return first_sentences(schema)
    forms = schema.get("anyOf")
    if isinstance(forms, list):
        return " Or: ".join(map(first_sentences, forms))
    return f"Of each entry: {first_sentences(schema['items'] if 'items' in schema else schema['additionalProperties'])}"


def _columns(table: TableSpec) -> str:
    rows = [
        f"| `{column.name}` | {column.kind}{', may be empty' if column.may_be_empty else ''} | {_meaning(column)} |"
        for column in table.columns
    ]
    more = "\nFurther columns may follow.\n" if table.open_ended else ""
    return "\n".join(["| column | kind | meaning |", "|---|---|---|", *rows, more])


def _meaning(column: Column) -> str:
    return column.meaning.replace("|", r"\|").replace("<", "&lt;")


def main() -> None:
    """Write the dictionary."""
    FILE.write_text(write_dictionary(), encoding="utf-8")
    sys.stdout.write(f"{FILE}\n")


if __name__ == "__main__":
    main()
