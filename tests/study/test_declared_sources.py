"""What counts as one source of evidence, and what the sheet must say for two."""

from __future__ import annotations

import pytest

from sidemine.study.independence import source_of
from sidemine.study.load import load_study

HEADER = "dataset\taccession\tplatform\tlayout\tfile\tidentifiers\tscale\ttissue\tlicence\tsource\tindependent_because\treplicates"
REASON = "cells of another donor, grown in another year"


def declare(small, *rows):
    """Write the sheet of three data sets; a row is accession, file, tissue, source, reason, replicates."""
    names = ("cohort_a", "cohort_b", "cells")
    lines = [HEADER]
    for name, (accession, file, tissue, source, reason, replicates) in zip(names, rows, strict=True):
        layout = "table\t" + file + "\tsymbol\tlog2"
        lines.append(f"{name}\t{accession}\t\t{layout}\t{tissue}\topen\t{source}\t{reason}\t{replicates}")
        if "://" not in file and not (small.folder / file).exists():
            (small.folder / file).write_text(f"values of {file}", encoding="utf-8")
    (small.folder / "datasets.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")


CELLS = ("GSE3", "c.tsv", "cells", "", "", "")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("", "GSE48000"), ("", "gse48000")),
        (("", "GSE14520-GPL571"), ("", "GSE14520-GPL3921")),
        (("", "E-GEOD-48000"), ("", "GSE48000")),
        (("", "GSE48000_controls"), ("", "GSE48000")),
        (("Lab A", "GSE1"), ("lab a ", "GSE2")),
        (("GSE1", "GSE2"), ("", "GSE1")),
    ],
)
def test_one_source_under_two_names(one, other):
    """Case, a named part, the ArrayExpress mirror of a series, and a word that is the other row's accession."""
    assert source_of(*one) == source_of(*other)


def test_other_accessions_are_other_sources():
    names = ["GSE1", "GSE11", "E-MTAB-1", "E-MTAB-11", "local", "local-2"]
    assert len({source_of("", name) for name in names}) == len(names)


def test_tissues_and_files_of_one_accession_are_one_source(small):
    """Mother and cord: two rows, two words for the tissue, one source, without a word of the user."""
    declare(small, ("GSE1", "a.tsv", "blood", "", "", ""), ("GSE1", "b.tsv", "cord blood", "", "", ""), CELLS)
    rows = load_study(small.config).datasets
    assert rows["cohort_a"].independent_source == rows["cohort_b"].independent_source


def test_two_sources_of_one_accession_need_word_and_reason(small):
    """With both they are two, and the reason is part of what the study asks."""
    declare(small, ("GSE1", "a.tsv", "blood", "", "", ""), ("GSE1", "b.tsv", "blood", "lab B", REASON, ""), CELLS)
    study = load_study(small.config)
    assert study.datasets["cohort_a"].independent_source != study.datasets["cohort_b"].independent_source
    declare(small, ("GSE1", "a.tsv", "blood", "", "", ""), ("GSE1", "b.tsv", "blood", "lab B", REASON + "!", ""), CELLS)
    assert load_study(small.config).digest != study.digest


SAME = "https://x.org/values.tsv"
REFUSED = {
    "a word without a reason": (
        ("GSE1", "a.tsv", "blood", "lab A", "", ""), ("GSE1", "b.tsv", "blood", "lab B", "", ""),
        ["cohort_a and cohort_b are one source", "accession gse1", "column source, value 'lab B'", "independent_because"],
    ),
    "a word in one row alone": (
        ("GSE1", "a.tsv", "blood", "lab A", "", ""), ("GSE1", "b.tsv", "blood", "", "", ""),
        ["are one source, and declared as two", "value ''"],
    ),
    "a reason without a word": (
        ("GSE1", "a.tsv", "blood", "", "", ""), ("GSE1", "b.tsv", "blood", "", REASON, ""),
        ["cohort_b gives a reason to be a source of its own, and no word for it"],
    ),
    "a reason of one word": (
        ("GSE1", "a.tsv", "blood", "", "", ""), ("GSE1", "b.tsv", "blood", "lab B", "yes", ""), ["independent_because"],
    ),
    "one address under two accessions": (
        ("GSE1", SAME, "blood", "", "", ""), ("GSE2", SAME.replace("https", "http"), "blood", "", "", ""),
        ["are one source", "file x.org/values.tsv", "column file"],
    ),
    "one file under two accessions": (
        ("GSE1", "a.tsv", "blood", "", "", ""), ("GSE2", "a.tsv", "blood", "", "", ""), ["are one source", "file a.tsv"],
    ),
    "a cohort of wells": (
        ("GSE1", "a.tsv", "blood", "", "", "people"), ("GSE2", "b.tsv", "blood", "", "", "wells"),
        ["cohort hypothesis cohorts rests on data set cohort_b, whose units are wells", "column replicates"],
    ),
    "units of another word": (
        ("GSE1", "a.tsv", "blood", "", "", "donors"), ("GSE2", "b.tsv", "blood", "", "", ""),
        ["replicates", "people, cultures, wells, unknown"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_independent_is_told_before_any_work(small, told, case):
    first, second, words = REFUSED[case]
    declare(small, first, second, CELLS)
    message = told()
    for word in words:
        assert word in message


def test_one_content_under_two_local_names_is_one_source(small, told):
    """By its bytes, whatever the name; files of one size and other content are two."""
    declare(small, ("GSE1", "a.tsv", "blood", "", "", ""), ("GSE2", "b.tsv", "blood", "", "", ""), CELLS)
    (small.folder / "b.tsv").write_bytes((small.folder / "a.tsv").read_bytes()[::-1])
    load_study(small.config)
    (small.folder / "b.tsv").write_bytes((small.folder / "a.tsv").read_bytes())
    assert "cohort_a and cohort_b are one source, and declared as two: both have the same bytes" in told()
    declare(small, ("GSE1", "a.tsv", "blood", "", "", ""), ("GSE2", "b.tsv", "blood", "lab B", REASON, ""), CELLS)
    load_study(small.config)


def test_undeclared_replicates_are_unknown(small):
    assert load_study(small.config).datasets["cells"].replicates == "unknown"
