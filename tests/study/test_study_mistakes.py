"""Every class of mistake in a study, made once by hand: the message names it, its place and what to do."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, get_args, get_origin

import pytest
from pydantic import BaseModel

from sidemine.errors import StudyError
from sidemine.sources.declarations import Requirement
from sidemine.sources.registry import LAYOUTS
from sidemine.study import explain
from sidemine.study.context import ConsideredDataset
from sidemine.study.load import load_study
from sidemine.study.markers import MarkerRow
from sidemine.study.models import StudyConfig
from sidemine.study.rows import Contrast, Dataset, GeneSetRow, PublishedTable, check_columns_of

# (file, text that is there, what replaces it, words that the message must hold)
MISTAKES = {
    "unknown key": (
        "config.yaml",
        "  id: small",
        "  id: small\n  titel: x",
        ["unknown key 'titel'", "mean title", "line 3"],
    ),
    "unknown nested key": (
        "config.yaml",
        "      direction: down",
        "      directon: down",
        ["'directon'", "mean direction"],
    ),
    "missing key": ("config.yaml", "  outcome: disease\n", "", ["'outcome' is missing", "key study.outcome"]),
    "duplicate key": ("config.yaml", "  id: small", "  id: small\n  id: other", ["'id' stands twice", "first: line 2"]),
    "bad YAML": ("config.yaml", "study:", "study: [", ["not valid YAML", "line "]),
    "tab in YAML": ("config.yaml", "  id: small", "\tid: small", ["not valid YAML", "no tabs"]),
    "number for text": ("config.yaml", 'version: "1"', "version: 2024.1", ["gene_table.version", "quotes: '2024.1'"]),
    "choice": (
        "config.yaml",
        "direction: down",
        "direction: lower",
        ["'lower'", "up, down, either", "primary.direction"],
    ),
    "seed 0": ("config.yaml", "gene_table:", "settings:\n  seed: 0\ngene_table:", ["settings.seed", "never 0"]),
    "truth value for a whole number": (
        "config.yaml",
        "gene_table:",
        "settings:\n  seed: yes\ngene_table:",
        ["settings.seed", "a number is expected, not yes"],
    ),
    "truth value for a number": (
        "config.yaml",
        "direction: up\n    expects",
        "direction: up\n      margin: on\n    expects",
        ["primary.margin", "a number is expected, not yes"],
    ),
    "truth value in a section": ("config.yaml", "fraction: 0.2", "fraction: off", ["fraction", "a number is expected"]),
    "number in base 60": (
        "config.yaml",
        "direction: up\n    expects",
        "direction: up\n      margin: 1:30\n    expects",
        ["1:30 as another number", "config.yaml, line"],
    ),
    "number in base 8": (
        "config.yaml",
        "gene_table:",
        "settings:\n  seed: 0123\ngene_table:",
        ["0123 as another number"],
    ),
    "name of digits": (
        "config.yaml",
        'version: "1"',
        "version: 2024_01",
        ["2024_01 as another", '"2024_01" with quotes'],
    ),
    "folder for a file": ("config.yaml", "file: genes.tsv", "file: .", ["a file of the study is a folder"]),
    "panel without genes": (
        "config.yaml",
        "gene_table:",
        "panels: [{id: few, title: A few genes}]\ngene_table:",
        ["panels", "either `set` or `genes`"],
    ),
    "panel of an unknown set": (
        "config.yaml",
        "gene_table:",
        "panels: [{id: few, title: A few genes, set: TARGET}]\ngene_table:",
        ["no gene set 'TARGET'", "panel few", "mean TARGETS"],
    ),
    "panel id twice": (
        "config.yaml",
        "gene_table:",
        "panels: [{id: few, title: A few, genes: [A1]}, {id: few, title: Others, genes: [B1, B1]}]\ngene_table:",
        ["panel id 'few' is used twice", "gene B1 is listed twice"],
    ),
    "wildcard in id": ("config.yaml", "  id: small", "  id: a/b", ["study.id", "ids become file names"]),
    "bad regex in derive": (
        "config.yaml",
        "hypotheses:",
        "derive: {cells: {donor: {from: title, regex: '(a'}}}\nhypotheses:",
        ["regex does not compile"],
    ),
    "two groups in derive": (
        "config.yaml",
        "hypotheses:",
        "derive: {cells: {donor: {from: title, regex: '(a)(b)'}}}\nhypotheses:",
        ["exactly one group, it has 2"],
    ),
    "derive for no dataset": (
        "config.yaml",
        "hypotheses:",
        "derive: {cell: {donor: {from: title, regex: '(a)'}}}\nhypotheses:",
        ["no dataset 'cell'", "mean cells", "key derive"],
    ),
    "exclude for no dataset": (
        "config.yaml",
        "hypotheses:",
        "exclude: {nowhere: [{sample: GSM1, reason: was swapped}]}\nhypotheses:",
        ["no dataset 'nowhere'", "key exclude"],
    ),
    "sample excluded twice": (
        "config.yaml",
        "hypotheses:",
        "exclude: {cells: [{sample: G1, reason: was swapped}, {sample: G1, reason: outlier}]}\nhypotheses:",
        ["G1 is excluded twice"],
    ),
    "exclusion without reason": (
        "config.yaml",
        "hypotheses:",
        "exclude: {cells: [{sample: G1}]}\nhypotheses:",
        ["'reason' is missing", "exclude.cells.0.reason"],
    ),
    "missing mirror": (
        "config.yaml",
        "gene_table:",
        "mirror: nowhere\ngene_table:",
        ["folder", "key mirror", "nowhere"],
    ),
    "missing gene table": (
        "config.yaml",
        "genes.tsv",
        "gene.tsv",
        ["file of the study does not exist", "gene_table.file"],
    ),
    "unset variable": (
        "config.yaml",
        "genes.tsv",
        "${SIDEMINE_NO_SUCH}/g.tsv",
        ["SIDEMINE_NO_SUCH is not set", "export"],
    ),
    "missing sheet": (
        "config.yaml",
        "study:",
        "contrasts: contrast.tsv\nstudy:",
        ["does not exist", "mean contrasts.tsv"],
    ),
    "dangling contrast": (
        "config.yaml",
        "[sick_a, sick_b]",
        "[sick_a, sick_c]",
        ["no contrast 'sick_c'", "mean sick_"],
    ),
    "contrast twice": ("config.yaml", "[sick_a, sick_b]", "[sick_a, sick_a]", ["sick_a is listed twice"]),
    "dangling set": ("config.yaml", "set: TARGETS", "set: TARGET", ["no gene set 'TARGET'", "mean TARGETS"]),
    "dangling secondary set": ("config.yaml", "[MEMBERS]", "[MEMBRES]", ["no gene set 'MEMBRES'", "secondary_sets"]),
    "primary set of members": ("config.yaml", "set: TARGETS", "set: MEMBERS", ["family member", "family target"]),
    "primary set not opted in": ("config.yaml", "set: TARGETS", "set: CLOSED", ["opt in", "settings.opt_in"]),
    "opt-in dangling": (
        "config.yaml",
        "gene_table:",
        "settings: {opt_in: [KEGG]}\ngene_table:",
        ["no gene set 'KEGG'"],
    ),
    "opt-in not needed": (
        "config.yaml",
        "gene_table:",
        "settings: {opt_in: [TARGETS]}\ngene_table:",
        ["'TARGETS' needs no opt-in"],
    ),
    "cohort without patients": (
        "config.yaml",
        "[sick_a, sick_b]",
        "[inhibited]",
        ["compares no patients", "role inhibitor"],
    ),
    "experiment with patients": ("config.yaml", "contrasts: [inhibited]", "contrasts: [sick_a]", ["compares patients"]),
    "two contrasts of a dataset": (
        "contrasts.tsv",
        "sick_b\tcohort_b",
        "sick_b\tcohort_a",
        ["2 contrasts come from one dataset 'cohort_a'", "sick_a, sick_b"],
    ),
    "fraction for a cohort": (
        "config.yaml",
        "      direction: up\n    expects",
        "      direction: up\n      margin: {of_contrast: stimulated}\n    expects",
        ["cohort hypothesis has a margin that is a fraction"],
    ),
    "discovery of another dataset": (
        "config.yaml",
        "      direction: up\n    expects",
        "      direction: up\n      discovery: [cells]\n    expects",
        ["no dataset 'cells'", "primary.discovery", "cohort_a, cohort_b"],
    ),
    "nothing left to replicate": (
        "config.yaml",
        "      direction: up\n    expects",
        "      direction: up\n      discovery: [cohort_a, cohort_b]\n    expects",
        ["nothing is left to replicate"],
    ),
    "negative margin": (
        "config.yaml",
        "      direction: up\n    expects",
        "      direction: up\n      margin: -0.4\n    expects",
        ["not a positive number", "value -0.4"],
    ),
    "margin of nothing": (
        "config.yaml",
        "of_contrast: stimulated",
        "of_contrast: stimulate",
        ["no contrast 'stimulate'"],
    ),
    "margin of itself": ("config.yaml", "of_contrast: stimulated", "of_contrast: inhibited", ["among the contrasts"]),
    "margin of no control": ("config.yaml", "of_contrast: stimulated", "of_contrast: sick_a", ["has role disease"]),
    "margin unknown key": ("config.yaml", "{fraction: 0.2,", "{fracton: 0.2,", ["'fracton'", "mean fraction"]),
    "requires nothing": ("config.yaml", "requires: [control]", "requires: [contrl]", ["no hypothesis 'contrl'"]),
    "requires itself": ("config.yaml", "requires: [control]", "requires: [drug]", ["in a circle: drug → drug"]),
    "requires in a circle": (
        "config.yaml",
        "      contrasts: [stimulated]\n      direction: up\n",
        "      contrasts: [stimulated]\n      direction: up\n    requires: [drug]\n",
        ["circle: drug → control → drug"],
    ),
    "a list is one word": (
        "config.yaml",
        "requires: [control]",
        "requires: control",
        ["a list is expected: [a, b]", "key hypotheses.1.requires, value 'control'"],
    ),
    "a section is one word": (
        "config.yaml",
        "hypotheses:\n",
        "concordance: x\nhypotheses:\n",
        ["a section is expected"],
    ),
    "a pair of one": (
        "config.yaml",
        "hypotheses:\n",
        "independent_pairs:\n  cohort_a:\n    - samples: [GSM1]\n      independent_because: two people of one family\nhypotheses:\n",
        ["at least 2 entries are expected, not 1", "value ['GSM1']"],
    ),
    "a pair of numbers": (
        "config.yaml",
        "hypotheses:\n",
        "independent_pairs:\n  cohort_a:\n    - samples: [1, 2]\n      independent_because: two people of one family\nhypotheses:\n",
        ["text is expected", "quotes: '1' (YAML reads it as a number)"],
    ),
    "a reason that is none": (
        "config.yaml",
        "hypotheses:\n",
        "independent_pairs:\n  cohort_a:\n    - samples: [GSM1, GSM2]\n      independent_because: no\nhypotheses:\n",
        ["independent_pairs.cohort_a.0.independent_because"],
    ),
    "a score of people in an experiment": (
        "config.yaml",
        "      contrasts: [stimulated]\n      direction: up\n",
        "      contrasts: [stimulated]\n      direction: up\n      score: huber\n",
        ["hypothesis control, key primary.score, value huber", "an experiment has no score per person"],
    ),
    "an unknown score": (
        "config.yaml",
        "      contrasts: [stimulated]\n      direction: up\n",
        "      contrasts: [stimulated]\n      direction: up\n      score: Huber\n",
        ["primary.score", "mean, huber"],
    ),
    "control without direction": (
        "config.yaml",
        "      contrasts: [stimulated]\n      direction: up\n",
        "      contrasts: [stimulated]\n      direction: either\n",
        ["hypothesis control, keys role", "a positive control declares no direction"],
    ),
    "a question is required": (
        "config.yaml",
        "    role: positive_control\n",
        "",
        ["hypothesis drug, key requires", "'control' is a question", "positive_control or negative_control"],
    ),
    "no such role": (
        "config.yaml",
        "role: positive_control",
        "role: control",
        ["hypotheses", "role", "negative_control"],
    ),
    "the same question twice": (
        "config.yaml",
        "      contrasts: [stimulated]\n      direction: up\n",
        "      contrasts: [stimulated]\n      direction: up\n"
        "  - id: again\n    question: Does the stimulus raise the genes again?\n    kind: experiment\n"
        "    primary: {set: TARGETS, contrasts: [stimulated], direction: up, margin: 0.3}\n",
        ["hypothesis again, key primary", "hypotheses control and again are one and the same"],
    ),
    "sign against direction": (
        "config.yaml",
        "expects_sign: up",
        "expects_sign: down",
        ["reported down", "declares up"],
    ),
    "hypothesis twice": ("config.yaml", "- id: control", "- id: drug", ["hypothesis id 'drug' is used twice"]),
    "no hypotheses": ("config.yaml", "hypotheses:", "hypotheses: []\nold:", ["key hypotheses", "unknown key 'old'"]),
    "dataset twice": (
        "datasets.tsv",
        "cohort_b",
        "cohort_a",
        ["dataset id 'cohort_a' is used twice", "line 4", "line 3"],
    ),
    "ids that differ in case": ("datasets.tsv", "cells", "Cohort_A", ["'Cohort_A' is used twice", "differing in case"]),
    "bad id": ("datasets.tsv", "cohort_a", "cohort.a", ["column dataset", "value 'cohort.a'", "ids become file names"]),
    "empty licence": ("datasets.tsv", "cells\tGEO terms", "cells\t", ["column 'licence' is empty", "line 5"]),
    "placeholder licence": ("datasets.tsv", "GEO terms", "?", ["licence is a placeholder", "line 3"]),
    "unknown layout": ("datasets.tsv", "series_matrix", "matrix", ["column layout", "mean series_matrix"]),
    "probes without platform": ("datasets.tsv", "GPL571", "", ["identifiers are probes, so platform"]),
    "table without file": ("datasets.tsv", "counts.tsv", "", ["file is needed for layout table"]),
    "bad platform": ("datasets.tsv", "GPL571", "HG-U133A", ["a GEO platform such as GPL570"]),
    "missing file": ("datasets.tsv", "counts.tsv", "count.tsv", ["does not exist", "line 5, column file"]),
    "ftp address": (
        "datasets.tsv",
        "counts.tsv",
        "ftp://host/x.gz",
        ["cannot be fetched", "https:// instead of ftp://"],
    ),
    "unknown column": (
        "datasets.tsv",
        "tissue",
        "tisue",
        ["unknown column 'tisue'", "mean tissue", "missing columns: tissue"],
    ),
    "column twice": ("datasets.tsv", "platform", "accession", ["'accession' stands twice"]),
    "too few cells": (
        "datasets.tsv",
        "\tblood\tGEO terms",
        "\tblood",
        ["8 cells, the header 9", "Nothing is left for licence"],
    ),
    "too many cells": ("datasets.tsv", "GEO terms", "GEO\tterms", ["10 cells, the header 9", "'terms'"]),
    "commas for tabs": (
        "datasets.tsv",
        DATASETS_HEADER := "dataset\taccession\tplatform\tlayout\tfile\tidentifiers\tscale\ttissue\tlicence",
        DATASETS_HEADER.replace("\t", ","),
        ["not tab-separated"],
    ),
    "ncbi counts by symbol": (
        "datasets.tsv",
        "table\tcounts.tsv\tsymbol",
        "ncbi_counts\t\tsymbol",
        ["counts by Entrez gene id", "identifiers entrez"],
    ),
    "single cell without counts": (
        "datasets.tsv",
        "table\tcounts.tsv\tsymbol\tcounts",
        "h5ad\tcounts.tsv\tsymbol\tlog2",
        ["raw counts"],
    ),
    "dangling dataset": (
        "contrasts.tsv",
        "inhibited\tcells",
        "inhibited\tcell",
        ["no dataset 'cell'", "column dataset"],
    ),
    "selector does not parse": (
        "contrasts.tsv",
        "group = sick",
        "group = = sick",
        ["line 2, column target", "^", "a value is expected"],
    ),
    "same groups": (
        "contrasts.tsv",
        "group = sick",
        'group  =  "healthy"',
        ["target and reference are the same selector"],
    ),
    "same labels": ("contrasts.tsv", "patients\thealthy", "healthy\thealthy", ["have the same label"]),
    "empty covariate": ("contrasts.tsv", "age,sex", "age,,sex", ["covariate has an empty name"]),
    "covariate twice": ("contrasts.tsv", "age,sex", "age,age", ["covariate age stands twice"]),
    "covariate of another function": (
        "contrasts.tsv",
        "age,sex",
        "log(age),sex",
        ["neither a column, nor factor(column), nor number(column)", "column covariates"],
    ),
    "covariate twice, declared": ("contrasts.tsv", "age,sex", "age,number(age)", ["covariate age stands twice"]),
    "covariate is block": ("contrasts.tsv", "age,sex\t", "age,sex\tage", ["both covariate and block"]),
    "blocking without block": ("contrasts.tsv", "plate\tfixed", "\tfixed", ["no block is named"]),
    "unknown role": ("contrasts.tsv", "inhibitor", "inhibtor", ["column role", "mean inhibitor"]),
    "star without star": (
        "gene_sets.tsv",
        "MEMBERS\tmember\tsets.gmt\tgmt\tMEMBERS",
        "*\tmember\tsets.gmt\tgmt\tMEMBERS",
        ["go together"],
    ),
    "weights of a GMT": ("gene_sets.tsv", "opt_in\n", "weighted\n", ["GMT file holds no weights"]),
    "opt-in star": (
        "gene_sets.tsv",
        "CLOSED\ttarget\tsets.gmt\tgmt\tCLOSED",
        "*\ttarget\tsets.gmt\tgmt\t*",
        ["must name its set"],
    ),
    "empty sheet": ("gene_sets.tsv", None, "# nothing\n", ["a sheet is empty"]),
    "not UTF-8": ("gene_sets.tsv", None, b"gene_set\tfamily\n\xff\tx\n", ["not UTF-8", "line 2"]),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistake_is_told(mistake, small, told):
    """Each mistake is refused with its place and a way out."""
    name, old, new, words = MISTAKES[mistake]
    if old is None:
        (small.folder / name).write_bytes(new if isinstance(new, bytes) else new.encode())
    else:
        small.edit(name, old, new)
    message = told()
    for word in words:
        assert word in message


def test_all_mistakes_are_told_at_once(small, told):
    """One run names every mistake of all files: nobody mends a study one error at a time."""
    small.edit("config.yaml", "direction: down", "direction: lower")
    small.edit("config.yaml", "[sick_a, sick_b]", "[sick_a, sick_c]")
    small.edit("datasets.tsv", "cohort_b\tGSE2", "cohort_b\tGSE 2")
    small.edit("datasets.tsv", "counts.tsv", "lost.tsv")
    small.edit("contrasts.tsv", "group = sick", "group = (sick")
    small.edit("contrasts.tsv", "inhibited\tcells", "inhibited\tcell")
    small.edit("gene_sets.tsv", "CC0", "todo")
    message = told()
    assert message.startswith("7 problems")
    for words in ("'lower'", "'sick_c'", "'GSE 2'", "lost.tsv", "(sick", "'cell'", "placeholder"):
        assert words in message


def test_a_faulty_config_is_still_cross_checked(small, told):
    """A mistake in one key hides none in the others, and makes none up."""
    small.edit("config.yaml", "set: TARGETS", "set: CLOSED")
    small.edit("config.yaml", "gene_table:", "settings: {opt_in: [CLOSED], seed: 0}\nmirror: nowhere\ngene_table:")
    small.edit("config.yaml", "hypotheses:", "exclude: {nobody: []}\nhypotheses:")
    small.edit("config.yaml", "  title: A small study\n", "")
    message = told()
    assert message.startswith("4 problems")
    for words in ("never 0", "key mirror", "'nobody'", "'title' is missing"):
        assert words in message


def test_one_mistake_is_told_once(small, told):
    """A faulty row makes no second, misleading problem of a dangling reference."""
    small.edit("datasets.tsv", "cohort_a\tGSE1", "cohort_a\tGSE 1")
    assert " problems" not in told()


def add_line_and_map(small):
    """Add a row of lines.tsv and a map of cells, which name a hypothesis and a dataset."""
    head = "line layer hypothesis source file format columns set direction licence status"
    columns = "perturbation=A,identifiers=symbol,control_set=TARGETS,control_expected=down"
    row = f"g perturbation drug library p.tsv signatures {columns} TARGETS down CC0 verified"
    (small.folder / "lines.tsv").write_text("".join("\t".join(line.split()) + "\n" for line in (head, row)))
    (small.folder / "p.tsv").touch()
    small.edit("datasets.tsv", "cells\tGSE3\t\ttable\tcounts.tsv", "cells\tGSE3\t\th5ad\tcounts.tsv")
    small.edit("datasets.tsv", "licence\n", "licence\tmost_mitochondrial\n")
    for end in ("blood\tGEO terms\n", "blood\tGEO terms\ncells", "cells\tGEO terms\n"):
        small.edit("datasets.tsv", end, end.replace("terms\n", "terms\t\n"))
    small.edit(
        "config.yaml",
        "gene_table:",
        "lines: lines.tsv\nillustrations:\n  - {dataset: cells, condition: c, set: TARGETS}\ngene_table:",
    )
    load_study(small.config)


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("config.yaml", "requires: [control]", "requires: control", "a list is expected"),
        ("config.yaml", "kind: experiment\n    role", "kind: experimnt\n    role", "'experimnt'"),
        ("config.yaml", "hypotheses:\n", "hypotheses:\n  all:\n", "a list is expected"),
        ("config.yaml", "fraction: 0.2", "fraction: 20", "should be less than 1"),
        ("datasets.tsv", "cells\tGEO terms\t", "cells\tGEO terms\t10", "less than or equal to 1"),
    ],
)
def test_what_is_wrong_in_itself_is_not_said_to_be_missing(file, old, new, words, small, told):
    """A hypothesis or a dataset with a mistake is there, for what names it."""
    add_line_and_map(small)
    small.edit(file, old, new)
    message = told()
    assert words in message
    assert " problems" not in message


def test_an_entry_without_an_id_makes_no_other_mistake_up(small, told):
    add_line_and_map(small)
    small.edit("config.yaml", "  - id: drug\n    question", "  - question")
    message = told()
    assert "'id' is missing" in message
    assert " problems" not in message


def test_an_address_that_is_not_encrypted_is_told_with_its_row(small, told):
    small.edit("datasets.tsv", "counts.tsv", "http://host.org/counts.tsv")
    message = told()
    assert "datasets.tsv, line 5, column file" in message
    assert "the https form" in message


def test_words_of_a_list_are_proposed(small, told):
    small.edit("config.yaml", "gene_table:", "settings: {robustness: [filters]}\ngene_table:")
    assert "Did you mean filter?" in told()


def test_a_wrong_override_is_told(small):
    """Values from the command line go through the same check."""
    with pytest.raises(StudyError, match="never 0"):
        load_study(small.config, {"settings": {"seed": 0}})
    with pytest.raises(StudyError, match="unknown key 'miror'"):
        load_study(small.config, {"miror": "x"})


def test_missing_config_is_told(tmp_path):
    """A wrong --configfile is told as such."""
    with pytest.raises(StudyError, match="no config file"):
        load_study(tmp_path / "none.yaml")


def test_subset_selectors_are_checked(small, told):
    """The selector that cuts a dataset out of its file is parsed before any work."""
    small.edit("datasets.tsv", "tissue\tlicence", "tissue\tlicence\tsubset")
    for row in ("blood\tGEO terms\n", "cells\tGEO terms\n"):
        small.edit("datasets.tsv", row, row.replace("\n", "\t\n"))
    small.edit("datasets.tsv", "blood\tGEO terms\n", "blood\tGEO terms\ttitle ~ Series1[\n")
    assert "column subset" in told()


def test_published_tables_are_checked(small, told):
    """The fourth sheet is read when it is named, and its references are checked."""
    small.edit("config.yaml", "study:", "published_tables: published.tsv\nstudy:")
    (small.folder / "published.tsv").write_text(
        "table\taccession\tfile\tfold_change_column\trival_platform_maps\trole\ttarget_label\treference_label\tpanel\tlicence\n"
        "one\tGSE1\tlost.csv\tlogFC\tmaps/x.tsv\tdisease\ta\tb\tTARGTES\tCC0\n",
        encoding="utf-8",
    )
    message = told()
    for words in ("lost.csv", "does not name its platform", "no gene set 'TARGTES'"):
        assert words in message


LAYOUT_ROWS = {
    "table": (
        {"layout": "table", "strand": "forward", "layer": "X", "cell_type": "T"},
        ["column strand, value 'forward'", "column layer, value 'X'", "column cell_type, value 'T'", "column file"],
    ),
    "archive": (
        {"layout": "archive", "sheet": "a", "annotation_columns": "x", "identifiers": "probe"},
        ["column sheet", "column annotation_columns", "column file", "column platform"],
    ),
    "h5ad": (
        {"layout": "h5ad", "scale": "log3", "identifiers": "sym", "gene_column": "g", "strand": "both"},
        ["column identifiers, value 'sym'", "column scale, value 'log3'", "column scale: log3", "column file",
         "column gene_column", "column strand, value 'both'"],
    ),
    "tenx": (
        {"layout": "tenx", "scale": "log2", "sheet": "a", "strand": "reverse"},
        ["column scale: log2", "column sheet", "column strand", "column file"],
    ),
    "ncbi_counts": (
        {"layout": "ncbi_counts", "scale": "log2", "layer": "X", "sample_columns": "donor"},
        ["columns identifiers and scale: symbol, log2", "column layer", "column sample_columns"],
    ),
    **{
        word: (
            {"layout": word, "identifiers": "uniport", "sheet": "a", "strand": "reverse"},
            ["column identifiers, value 'uniport'", "column scale: counts", "column sheet", "column strand", "column file"],
        )
        for word in ("olink_npx", "somascan_adat", "maxquant")
    },
    "series_matrix": (
        {"layout": "series_matrix", "identifiers": "probe", "sheet": "a", "strand": "forward"},
        ["column platform", "column sheet", "column strand"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
def test_all_that_is_wrong_with_a_layout_is_told_at_once(small, layout):
    """Columns of other layouts, missing ones and wrong words: each with its line and column."""
    changes, places = LAYOUT_ROWS[layout]
    row = {"dataset": "cells", "accession": "GSE3", "identifiers": "symbol", "scale": "counts", "tissue": "cells"}
    row |= {"licence": "GEO terms"} | changes
    (small.folder / "datasets.tsv").write_text("\t".join(row) + "\n" + "\t".join(row.values()) + "\n")
    with pytest.raises(StudyError) as caught:
        load_study(small.config)
    told = [problem.where for problem in caught.value.problems]
    for place in places:
        assert any(f"line 2, {place}" in where for where in told), place


@pytest.mark.parametrize(
    "change", [{"own_columns": ("lyer",)}, {"requirement": Requirement({"scael": "counts"}, "", "")}]
)
def test_a_layout_that_misspells_a_column_is_refused(change):
    """Otherwise the column would belong to all layouts, and nobody would be told."""
    with pytest.raises(ValueError, match=r"layout h5ad names no column of datasets\.tsv: (lyer|scael)"):
        check_columns_of(replace(LAYOUTS["h5ad"], **change))


def test_a_study_of_controls_alone_asks_nothing(small, told):
    """It is told once all hypotheses are right in themselves."""
    for name in ("cohorts", "drug"):
        small.edit("config.yaml", f"  - id: {name}\n", f"  - id: {name}\n    role: positive_control\n")
    text = told()
    assert "every hypothesis is a control, so the study asks nothing" in text
    assert "keys role of cohorts, drug, control" in text
    small.edit("config.yaml", "kind: cohort", "kind: cohrt")
    assert "every hypothesis is a control" not in told()


def test_no_message_shows_a_regular_expression():
    """Every pattern of every model has its words."""
    patterns = {
        limit.pattern
        for model in all_models()
        for field in model.model_fields.values()
        for limit in (*field.metadata, *inner_limits(field.annotation))
        if getattr(limit, "pattern", None)
    }
    assert len(patterns) > 8
    assert patterns <= explain._PATTERNS.keys()


def inner_limits(annotation):
    """Limits that stand in `Annotated` inside of a type."""
    own = annotation.__metadata__ if get_origin(annotation) is Annotated else ()
    return [*own, *(limit for part in get_args(annotation) for limit in inner_limits(part))]


def all_models():
    """The models of config.yaml and of every sheet, and those inside them."""
    found, new = set(), {StudyConfig, Dataset, Contrast, GeneSetRow, PublishedTable, ConsideredDataset, MarkerRow}
    while new:
        found |= new
        new = {inner for model in new for field in model.model_fields.values() for inner in models_in(field.annotation)}
        new -= found
    return found


def models_in(annotation):
    """The models that an annotation holds."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in models_in(part)]


def test_a_control_is_required_once(small, told):
    """Twice means nothing more."""
    small.edit("config.yaml", "requires: [control]", "requires: [control, control]")
    assert "control control is required twice" in told()


def test_a_required_negative_control_on_wells_is_told_before_any_work(small, told):
    """It behaves as expected where an effect is excluded, and wells of one culture exclude none: what requires it has no answer."""
    small.edit("config.yaml", "role: positive_control", "role: negative_control")
    small.edit("datasets.tsv", "\ttissue\tlicence\n", "\ttissue\tlicence\treplicates\n")
    for _ in "ab":
        small.edit("datasets.tsv", "\tblood\tGEO terms\n", "\tblood\tGEO terms\tpeople\n")
    small.edit("datasets.tsv", "\tcells\tGEO terms\n", "\tcells\tGEO terms\twells\n")
    message = told()
    assert "the negative control control rests on wells of one culture" in message
    assert "drug requires it: there could be no answer" in message
    small.edit("datasets.tsv", "\twells\n", "\tcultures\n")
    load_study(small.config)
