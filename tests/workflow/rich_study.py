"""A study that uses every key of config.yaml and every column of the sheets, for the table of re-runs."""

from __future__ import annotations

import copy
import csv
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from sidemine.registered_jobs import specify_study
from sidemine.retrieve.study_sources import StudySources
from sidemine.study.context import ConsideredDataset
from sidemine.study.load import Study, load_study
from sidemine.study.models import StudyConfig
from sidemine.study.plan import StudyPlan
from sidemine.study.rows import Contrast, Dataset, GeneSetRow, LineRow, PublishedTable
from sidemine.study.specifications import to_plain_specifications

CONFIG: dict[str, Any] = {
    "study": {
        "id": "rich",
        "title": "A study of everything",
        "question": "Does every field do what it should?",
        "drug_class": "inhibitors",
        "outcome": "disease",
        "notice": "",
    },
    "published_tables": "published_tables.tsv",
    "lines": "lines.tsv",
    "considered": "considered.tsv",
    "gene_table": {"file": "genes.tsv", "format": "ensembl", "licence": "CC0", "version": "1"},
    "settings": {},
    "derive": {"a": {"donor": {"from": "title", "regex": "d(.)"}}},
    "exclude": {"a": [{"sample": "GSM1", "reason": "a bad chip"}]},
    "independent_pairs": {"a": [{"samples": ["GSM2", "GSM3"], "independent_because": "twins of one family"}]},
    "hypotheses": [
        {
            "id": "cohorts",
            "question": "Are the genes altered in patients?",
            "kind": "cohort",
            "primary": {"set": "T", "contrasts": ["a_vte", "b_vte"], "direction": "up", "discovery": ["a"]},
            "expects_sign": "up",
            "secondary_sets": ["T2"],
            "threats": ["Patients are older."],
        },
        {
            "id": "drug",
            "question": "Does the drug lower the genes?",
            "kind": "experiment",
            "primary": {
                "set": "T",
                "contrasts": ["d_drug"],
                "direction": "down",
                "margin": {"fraction": 0.2, "of_contrast": "d_stim"},
            },
            "requires": ["control"],
        },
        {
            "id": "control",
            "question": "Does the stimulus raise the genes?",
            "kind": "experiment",
            "role": "positive_control",
            "primary": {"set": "T", "contrasts": ["d_stim"], "direction": "up"},
        },
        {
            "id": "compounds",
            "question": "Do the compounds of a class lower the genes?",
            "kind": "panel",
            "primary": {"set": "T", "contrasts": ["d_drug", "d_second"], "direction": "down"},
            "compounds": {
                "asks": "class_wide",
                "dose_unit": "nM",
                "arms": [
                    {"contrast": "d_drug", "compound": "A", "dose": 1},
                    {"contrast": "d_second", "compound": "B", "dose": 2},
                    {"contrast": "d_other", "compound": "X", "of_class": False},
                ],
            },
        },
        {
            "id": "cells",
            "question": "Does the drug lower the genes in single cells?",
            "kind": "experiment",
            "primary": {"set": "T", "contrasts": ["c_drug"], "direction": "down", "margin": 0.4},
        },
    ],
    "concordance": {
        "bridges": [
            {
                "id": "bridge",
                "question": "Does the drug oppose the disease?",
                "drug": ["d_drug"],
                "disease": ["a_vte", "b_vte"],
                "sets": ["T"],
                "comparators": ["d_stim"],
                "comparator_signatures": {
                    "file": "signatures.tsv",
                    "identifiers": "symbol",
                    "exclude": ["kin"],
                    "positive_control": {"perturbation": "own", "set": "T", "expected": "down"},
                    "licence": "CC0",
                    "version": "1",
                },
                "derive": {"from": ["d_drug"], "confirm": ["c_drug"]},
            }
        ],
        "interactions": [
            {"id": "kinds", "question": "Do two kinds of patients differ?", "set": "T", "contrasts": ["a_kind"]}
        ],
    },
    "screens": [
        {
            "id": "screen", "question": "Which compounds act?", "dataset": "d", "compound": "drug", "vehicle": "DMSO",
            "donor": "donor", "plate": "plate", "sets": ["T"], "classes": {"inhibitors": ["x"]},
        }
    ],
    "illustrations": [{"dataset": "c", "condition": "dose", "cell_type": "type", "set": "T"}],
    "panels": [{"id": "panel", "title": "Some genes", "genes": ["MX1"]}, {"id": "other", "title": "A set", "set": "T"}],
    "pathways": [{"id": "way", "title": "A pathway", "file": "drawing.svg", "source": "A et al. 2020", "licence": "CC0"}],
    "context": {
        "title": "What is known",
        "statements": [{"text": "Something is known of this.", "figure": "HR 2", "citation": "A et al. 2020", "doi": "10.1000/x"}],
    },
}  # fmt: skip
_DATASET = {"identifiers": "symbol", "scale": "counts", "tissue": "blood", "licence": "open", "note": "n"}
_CONTRAST = {"target": "x = a", "reference": "x = b", "target_label": "A", "reference_label": "B", "note": "n"}
_SET = {"source": "sets.gmt", "format": "gmt", "licence": "CC0", "version": "1", "note": "n"}
SHEETS: dict[str, list[dict[str, str]]] = {
    "datasets": [
        {
            **_DATASET, "dataset": "a", "accession": "GSE1", "platform": "GPL1", "layout": "series_matrix",
            "identifiers": "probe", "scale": "log2", "composition": "blood",
        },
        {
            **_DATASET, "dataset": "b", "accession": "GSE2", "platform": "GPL1", "layout": "table", "file": "b.tsv",
            "metadata": "https://x.org/b.txt.gz", "composition": "blood",
        },
        {
            **_DATASET, "dataset": "c", "accession": "GSE3", "layout": "h5ad", "file": "c.h5ad", "biological_unit": "donor",
            "cell_type": "type", "sample_columns": "dose", "tissue": "cells",
        },
        {
            **_DATASET, "dataset": "d", "accession": "GSE4", "layout": "archive", "file": "d.tar",
            "metadata": "https://x.org/d.txt.gz", "tissue": "cells",
        },
    ],
    "contrasts": [
        {**_CONTRAST, "contrast": "a_vte", "dataset": "a", "role": "disease"},
        {**_CONTRAST, "contrast": "a_kind", "dataset": "a", "role": "disease"},
        {**_CONTRAST, "contrast": "b_vte", "dataset": "b", "role": "disease"},
        {**_CONTRAST, "contrast": "b_stim", "dataset": "b", "role": "stimulus", "block": "donor"},
        {**_CONTRAST, "contrast": "c_drug", "dataset": "c", "role": "inhibitor"},
        {**_CONTRAST, "contrast": "d_drug", "dataset": "d", "role": "inhibitor", "target": "x = drug"},
        {**_CONTRAST, "contrast": "d_stim", "dataset": "d", "role": "stimulus"},
        {**_CONTRAST, "contrast": "d_second", "dataset": "d", "role": "inhibitor", "target": "x = second"},
        {**_CONTRAST, "contrast": "d_other", "dataset": "d", "role": "negative_control", "target": "x = other"},
    ],
    "gene_sets": [
        {**_SET, "gene_set": "T", "family": "target", "member": "T"},
        {**_SET, "gene_set": "T2", "family": "target", "member": "T2", "source": "signed.tsv", "format": "sets_tsv"},
        {**_SET, "gene_set": "CLOSED", "family": "target", "member": "CLOSED", "opt_in": "yes"},
        {**_SET, "gene_set": "*", "family": "comparator", "member": "*"},
    ],
    "published_tables": [
        {
            "table": "p", "accession": "GSE5", "platform": "GPL1", "file": "p.tsv", "fold_change_column": "lfc",
            "role": "disease", "target_label": "A", "reference_label": "B", "licence": "CC0",
        }
    ],
    "lines": [
        {
            "line": "snps", "layer": "genetics", "hypothesis": "cohorts", "source": "A 2024", "file": "snps.tsv",
            "format": "summary_statistics", "files": "gene_locations=genes.loc", "set": "T", "direction": "associated",
            "columns": "chromosome=CHR,position=POS,p_value=P", "independent_of": "expression", "licence": "CC0",
        },
        {
            "line": "genes", "layer": "genetics", "hypothesis": "cohorts", "source": "B 2025", "file": "b.genes.out",
            "format": "magma_genes_out", "set": "T", "direction": "associated", "licence": "CC0",
        },
        {
            "line": "prot", "layer": "protein", "hypothesis": "cohorts", "source": "C 2025", "file": "c.csv",
            "format": "olink_explore_384", "columns": "uniprot=UniProt,effect=NPX,p=P", "set": "T", "direction": "up",
            "licence": "CC0",
        },
        {
            "line": "genes_of_d", "layer": "mrna_table", "hypothesis": "cohorts", "source": "D 2025", "file": "d.csv",
            "format": "table", "columns": "t=t", "set": "T", "direction": "up", "licence": "CC0",
        },
        {
            "line": "mirnas", "layer": "mirna", "hypothesis": "cohorts", "source": "E 2025", "file": "e.tsv",
            "format": "mirna_table", "files": "targets=t.tsv,aliases=a.txt", "columns": "mirna=m,label=l", "set": "T",
            "direction": "down", "licence": "CC0",
        },
        {
            "line": "sites", "layer": "promoter", "hypothesis": "cohorts", "source": "F 2025", "file": "f.fa",
            "format": "fasta", "files": "motifs=m.jaspar", "columns": "family=GAS", "set": "T", "direction": "up",
            "licence": "CC0",
        },
        {
            "line": "library", "layer": "perturbation", "hypothesis": "cohorts", "source": "G 2025", "file": "g.tsv",
            "format": "signatures", "set": "T", "direction": "down", "licence": "CC0",
            "columns": "perturbation=own,identifiers=symbol,control_set=T,control_expected=down",
        },
    ],
    "considered": [
        {"name": "GSE9", "what": "blood of patients", "would_serve": "disease", "decision": "out", "reason": "too small",
         "marks": "computed"}
    ],
}  # fmt: skip
IDS = {
    "datasets": "dataset",
    "contrasts": "contrast",
    "gene_sets": "gene_set",
    "published_tables": "table",
    "lines": "line",
    "considered": "name",
}
MODELS: dict[str, type[BaseModel]] = {
    "config": StudyConfig,
    "datasets": Dataset,
    "contrasts": Contrast,
    "gene_sets": GeneSetRow,
    "published_tables": PublishedTable,
    "lines": LineRow,
    "considered": ConsideredDataset,
}


def load(folder: Path, config: dict[str, Any] = CONFIG, sheets: dict[str, list[dict[str, str]]] = SHEETS) -> Study:
    """Write the study and load it; of the files that it names only its drawings need be there."""
    for number, name in enumerate(("drawing.svg", "other.svg")):
        shape = f'<rect data-gene="MX{number + 1}"/>'
        (folder / name).write_text(
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1">{shape}</svg>', encoding="utf-8"
        )
    (folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    for name, rows in sheets.items():
        with (folder / config.get(name, f"{name}.tsv")).open("w", encoding="utf-8", newline="") as stream:
            columns = list(dict.fromkeys(column for row in rows for column in row))
            writer = csv.DictWriter(stream, columns, restval="", delimiter="\t", lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    return load_study(folder / "config.yaml", check_files=False)


def edited(edits: dict[str, Any]) -> tuple[dict[str, Any], dict[str, list[dict[str, str]]]]:
    """Return the study with values changed by place: `datasets.b.scale`, `config.hypotheses.0.primary.set`."""
    config, sheets = copy.deepcopy(CONFIG), copy.deepcopy(SHEETS)
    for place, value in edits.items():
        kind, *keys, last = place.split(".")
        inner: Any = config
        if kind != "config":
            (inner,) = [row for row in sheets[kind] if row[IDS[kind]] == keys[0]]
            keys = []
        for key in keys:
            inner = inner[int(key)] if isinstance(inner, list) else inner.setdefault(key, {})
        inner[last] = value
    return config, sheets


def jobs_of(study: Study) -> dict[tuple[str, str], Any]:
    """Return what each job is given of a study."""
    jobs = to_plain_specifications(specify_study(StudyPlan(study, StudySources.of(study)), "code"))
    given = {(rule, job): given for rule, of_rule in jobs.items() for job, given in of_rule.items()}
    return {**given, ("describe_study", ""): study.to_json()}
