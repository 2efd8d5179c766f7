"""`sidemine new`: what is proposed is anchored, says what it rests on, and passes the checks of a study."""

from __future__ import annotations

import tarfile

import numpy as np
import pandas as pd
import pytest

from sidemine.cli import main
from sidemine.preflight.look_ahead import look_ahead
from sidemine.preflight.time_budget import TimeBudget
from sidemine.run_study import load_checked
from sidemine.scaffold.contrasts import propose_contrasts
from sidemine.scaffold.datasets import propose_dataset
from sidemine.scaffold.pairs import find_pairs
from sidemine.sources.inspection import Inspection
from sidemine.study.load import load_study
from sidemine.study.selectors import Selector, parse_selector

PLACE = "ftp.ncbi.nlm.nih.gov/geo/series/GSEnnn/GSE1/matrix/GSE1_series_matrix.txt.gz"


def table(**columns):
    """Samples × metadata, as a record gives them."""
    size = len(next(iter(columns.values())))
    return pd.DataFrame(columns, index=[f"GSM{number}" for number in range(1, size + 1)], dtype=object)


def chosen(samples, contrast):
    """The titles of target and reference."""
    return [list(samples["title"][Selector(node).matches(samples)]) for node in (contrast.target, contrast.reference)]


def matrix(tmp_path, titles, characteristics, organism="Homo sapiens"):
    """A mirror with one series matrix of six probes."""
    names = [f"GSM{number}" for number in range(1, len(titles) + 1)]
    rows = [
        ("!Series_title", ["A series"]),
        ("!Series_geo_accession", ["GSE1"]),
        ("!Sample_title", titles),
        ("!Sample_geo_accession", names),
        ("!Sample_organism_ch1", [organism] * len(names)),
        *(
            ("!Sample_characteristics_ch1", [f"{key}: {value}" for value in values])
            for key, values in characteristics.items()
        ),
        ("!Sample_platform_id", ["GPL570"] * len(names)),
    ]
    lines = ["\t".join([key, *(f'"{value}"' for value in values)]) for key, values in rows]
    generator = np.random.default_rng(7)
    lines += ["!series_matrix_table_begin", "\t".join(['"ID_REF"', *(f'"{name}"' for name in names)])]
    for probe in range(6):
        lines.append(
            "\t".join([f'"{7892501 + probe}"', *(f"{value:.3f}" for value in generator.normal(8, 2, len(names)))])
        )
    path = tmp_path / "mirror" / PLACE
    path.parent.mkdir(parents=True)
    path.write_text("\n".join([*lines, "!series_matrix_table_end"]) + "\n")
    return tmp_path / "mirror"


def test_a_word_within_another_is_not_caught():
    """IFNG must not take POMIFNG, nor IL1 take IL10: groups that stand in titles become whole values."""
    stimuli = [word for word in ("buffer", "IFNG", "POMIFNG", "IL1", "IL10") for _ in range(3)]
    samples = table(title=[f"cells_{word}_{number % 3 + 1}" for number, word in enumerate(stimuli)])
    contrasts, derivations, _ = propose_contrasts(samples, "inhibitor")
    made = samples.assign(group=[f"cells_{word}" for word in stimuli])
    found = {contrast.target_label: chosen(made, contrast) for contrast in contrasts}
    assert derivations[0].source == "title"
    assert set(found) == {"cells_IFNG", "cells_POMIFNG", "cells_IL1", "cells_IL10"}
    assert found["cells_IFNG"] == [
        ["cells_IFNG_1", "cells_IFNG_2", "cells_IFNG_3"],
        [f"cells_buffer_{n}" for n in (1, 2, 3)],
    ]
    assert all("~" not in str(contrast.target) for contrast in contrasts)


def test_target_and_reference_share_cells_and_time():
    """Controls of other cells and other times are left out, and each cell line has a comparison of its own."""
    rows = [
        (cell, time, arm) for cell in ("A", "B") for time in ("6h", "24h") for arm in ("DMSO", "drug") for _ in range(3)
    ]
    rows = [row for row in rows if row != ("B", "24h", "DMSO")]
    samples = table(
        title=[f"s{number}" for number in range(len(rows))],
        cell_line=[row[0] for row in rows],
        time_point=[row[1] for row in rows],
        treatment=[row[2] for row in rows],
    )
    contrasts, _, notes = propose_contrasts(samples, "inhibitor")
    groups = [
        [{tuple(samples.iloc[int(title[1:])][1:3]) for title in side} for side in chosen(samples, one)]
        for one in contrasts
    ]
    assert sorted(map(repr, groups)) == sorted(
        repr([{place}, {place}]) for place in (("A", "6h"), ("A", "24h"), ("B", "6h"))
    )
    assert any('cell_line = "B" and time_point = "24h" is in no comparison' in note for note in notes)


def test_recurrent_patients_are_compared_with_the_healthy():
    """In a disease, a label that says more than another is another kind of patient, no treated one."""
    labels = ["healthy"] * 4 + ["VTE"] * 4 + ["recurrent VTE"] * 4
    contrasts, _, _ = propose_contrasts(table(title=[*"abcdefghijkl"], disease_state=labels), "disease")
    assert {one.reference_label for one in contrasts} == {"healthy"}


def test_genotypes_and_stimuli_are_not_mixed():
    """Whatever the record says of target and reference alike parts the comparison; so do parts of names before a replicate number."""
    arms = [(line, drug) for line in ("WT", "KO") for drug in ("DMSO", "ruxolitinib") for _ in range(3)]
    told = table(title=list("abcdefghijkl"), genotype=[line for line, _ in arms], treatment=[drug for _, drug in arms])
    named = table(title=[f"{line}_{drug}_{number % 3 + 1}" for number, (line, drug) in enumerate(arms)])
    for samples in (told, named):
        contrasts, _, _ = propose_contrasts(samples, "inhibitor")
        assert [(one.n_target, one.n_reference) for one in contrasts] == [(3, 3), (3, 3)]
        assert {("WT" in str(one.target), "WT" in str(one.reference)) for one in contrasts} == {
            (True, True),
            (False, False),
        }


def test_patients_are_compared_with_the_healthy_not_with_other_patients():
    """A non-responder is no control where healthy people are; a drug beside interferon has interferon as its reference."""
    response = ["healthy control"] * 5 + ["responder"] * 5 + ["non-responder"] * 5
    contrasts, _, _ = propose_contrasts(table(title=[*"abcdefghijklmno"], disease_state=response), "disease")
    assert {(one.target_label, one.reference_label) for one in contrasts} == {
        ("responder", "healthy control"),
        ("non-responder", "healthy control"),
    }
    arms = [arm for arm in ("DMSO", "IFN + DMSO", "IFN + ruxolitinib", "IFN", "IFN ruxolitinib") for _ in range(3)]
    contrasts, _, _ = propose_contrasts(table(title=[*"abcdefghijklmno"], treatment=arms), "inhibitor")
    assert {one.reference_label for one in contrasts if "IFN + rux" in one.target_label} <= {"IFN + DMSO", "IFN"}


def test_two_spellings_of_a_label_are_one_group_and_told():
    samples = table(
        title=list("abcdefgh"), disease_state=["Healthy control"] * 2 + ["healthy-control"] * 2 + ["VTE"] * 4
    )
    contrasts, _, notes = propose_contrasts(samples, "disease")
    assert contrasts[0].n_reference == 4
    assert any("spellings of one label" in note for note in notes)


def test_a_selector_reads_back_as_it_was_meant():
    """Quotes, brackets and keywords in a label are part of its value."""
    labels = ['VTE "acute" or (old) and x = 1'] * 3 + ["healthy"] * 3
    (contrast,) = propose_contrasts(table(title=list("abcdef"), disease_state=labels), "disease")[0]
    assert parse_selector(str(contrast.target)) == Selector(contrast.target)


@pytest.mark.parametrize(
    "names",
    [
        [f"{number:02d}-407{side}" for side in "AB" for number in range(1, 6)],
        [f"Patient {number} {side}" for side in ("tumour", "normal") for number in range(1, 6)],
        [f"{number}_{side}" for side in ("pre", "post") for number in range(11, 16)],
        [f"D{number}_{side}" for side in ("IFN", "buffer") for number in range(1, 6)],
    ],
)
def test_suffixes_of_names_make_pairs(names):
    """A and B, tumour and normal, before and after, a donor before the stimulus."""
    target = np.arange(10) < 5
    pairing = find_pairs(table(title=names), target, ~target)
    assert pairing is not None
    assert (pairing.complete, pairing.units) == (5, 5)


def test_a_column_of_donors_is_the_block_and_replicate_numbers_are_none():
    target = np.arange(8) < 4
    donors = table(title=list("abcdefgh"), donor_id=["1", "2", "3", "4"] * 2)
    assert find_pairs(donors, target, ~target).column == "donor_id"
    numbered = table(title=[f"{arm} rep{number}" for arm in ("drug", "control") for number in range(1, 5)])
    assert find_pairs(numbered, target, ~target) is None


def test_covariates_and_traps_are_told():
    """Age and sex join a comparison of people; a batch that is the group, and other cells in one group, are traps."""
    size = 12
    samples = table(
        title=[f"p{number}" for number in range(2 * size)],
        disease_state=["VTE"] * size + ["healthy"] * size,
        age=[str(30 + number) for number in range(2 * size)],
        sex=["f", "m"] * size,
        batch=["1"] * size + ["2"] * size,
        tissue=["blood"] * size + ["PBMC"] * size,
    )
    (contrast,) = propose_contrasts(samples, "disease")[0]
    assert contrast.covariates == ("number(age)", "factor(sex)")
    told = " ".join(contrast.traps)
    assert "batch and group are one" in told
    assert "tissue and group are one" in told


def test_numbers_in_a_series_matrix_are_probes_and_mice_are_refused(tmp_path, capsys):
    """Affymetrix names probe sets by numbers that look like Entrez ids; human genes are not mapped to mice."""
    samples = table(title=list("abcd"), treatment=["DMSO"] * 2 + ["drug"] * 2, organism=["Homo sapiens"] * 4)
    seen = Inspection(
        tmp_path / "GSE1_series_matrix.txt.gz", "series matrix", samples, accession="GSE1", platforms=["GPL6244"]
    )
    seen.values, seen.identifiers = (
        np.random.default_rng(1).normal(8, 2, (50, 4)),
        [str(7892501 + row) for row in range(50)],
    )
    proposed = propose_dataset(seen, "one", "inhibitor")
    assert (proposed.cells["identifiers"], proposed.cells["scale"]) == ("probe", "log2")
    assert any("not testable" in trap for trap in proposed.contrasts[0].traps)
    mirror = matrix(tmp_path, list("abcdef"), {"disease": ["healthy"] * 3 + ["VTE"] * 3}, "Mus musculus")
    code = main(["new", str(tmp_path / "mice"), "--disease", "GSE1", "--set", "CORE_ISG", "--mirror", str(mirror)])
    assert code == 1
    assert "not human" in capsys.readouterr().err
    assert not (tmp_path / "mice").exists()


def test_the_study_passes_check_and_is_never_written_twice(tmp_path, capsys):
    """Hostile titles and labels arrive as data; direction is either, since nobody declared one."""
    titles = ['VTE "one"', "VTE: {two}", "#three", "healthy 4", "healthy \x1b[31m5", "healthy, 6"]
    labels = ['VTE "acute" #1, {x}: y'] * 3 + ["healthy control"] * 3
    arguments = ["new", str(tmp_path / "mine"), "--disease", "GSE1", "--set", "CORE_ISG"]
    mirror = matrix(
        tmp_path,
        [title.replace('"', "'") for title in titles],
        {"disease state": [x.replace('"', "'") for x in labels]},
    )
    arguments += ["--mirror", str(mirror)]
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert "sidemine check" in out
    assert "\x1b" not in out
    study = load_study(tmp_path / "mine" / "config.yaml")
    assert study.config.hypotheses[0].primary.direction == "either"
    assert {row.status for row in study.contrasts.values()} == {"unverified"}
    assert main(["check", str(tmp_path / "mine")]) == 0
    assert "TO FILL IN still stands under study.title, study.question" in capsys.readouterr().out
    before = (tmp_path / "mine" / "config.yaml").read_bytes()
    assert main(arguments) == 1
    assert "nothing is overwritten" in capsys.readouterr().err
    assert (tmp_path / "mine" / "config.yaml").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--disease", "GSE1"], "no gene set is named"),
        (["--set", "CORE_ISG"], "no series is named"),
        (["--disease", "GSE0", "--set", "CORE_ISG"], "no GEO series"),
        (["--disease", "GSE1", "--set", "CORE_JAK_STAT_MEMBERS"], "is not known"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_anything_is_fetched(tmp_path, capsys, arguments, message):
    assert main(["new", str(tmp_path / "mine"), *arguments, "--mirror", str(tmp_path)]) == 1
    assert message in capsys.readouterr().err


def test_all_that_is_wrong_with_a_request_is_told_at_once(tmp_path, capsys):
    """A set that is not known, mice, and a series that the mirror lacks."""
    mirror = matrix(tmp_path, list("abcdef"), {"disease": ["healthy"] * 3 + ["VTE"] * 3}, "Mus musculus")
    asked = ["--disease", "GSE1", "GSE2", "--set", "CORE_X", "--mirror", str(mirror)]
    (tmp_path / "genes.tsv").write_text("ensgene\tsymbol\nENSG00000000001\tA\n")
    for table, message in (("genes.tsv", "the gene table lacks columns entrez"), ("none.tsv", "none.tsv")):
        assert main(["new", str(tmp_path / "mine"), *asked, "--gene-table", str(tmp_path / table)]) == 1
        assert message in capsys.readouterr().err
    assert main(["new", str(tmp_path / "mine"), *asked]) == 1
    told = capsys.readouterr().err
    for words in ("'CORE_X' is not known", "not human", "GSE2_series_matrix.txt.gz"):
        assert words in told
    assert "without a platform in its name" not in told


def test_an_archive_of_counts_that_stands_alone_makes_a_study(tmp_path, capsys):
    """A mirror with a RAW.tar and no series matrix: groups by the names of the files; inspect takes the name of the archive."""
    folder = tmp_path / "mirror" / "ftp.ncbi.nlm.nih.gov/geo/series/GSEnnn/GSE7/suppl"
    folder.mkdir(parents=True)
    rng = np.random.default_rng(2)
    with tarfile.open(folder / "GSE7_RAW.tar", "w") as archive:
        for number in range(8):
            name = f"GSM{number + 10}_{'control' if number < 4 else 'drugX'}_rep{number % 4 + 1}.txt"
            lines = "".join(f"GENE{row}\t{count}\n" for row, count in enumerate(rng.poisson(30, 60)))
            (tmp_path / name).write_text(lines, encoding="utf-8")
            archive.add(tmp_path / name, name)
    mirror = ["--mirror", str(tmp_path / "mirror")]
    assert main(["new", str(tmp_path / "mine"), "--drug", "GSE7", "--set", "CORE_ISG", *mirror]) == 0
    told = capsys.readouterr().out
    assert "layout archive, identifiers symbol, scale counts" in told
    assert "4 against 4 samples" in told
    assert "The mirror has no gene table" in told
    (row,) = load_study(tmp_path / "mine" / "config.yaml").datasets.values()
    assert (row.layout, row.file) == (
        "archive",
        "https://ftp.ncbi.nlm.nih.gov/geo/series/GSEnnn/GSE7/suppl/GSE7_RAW.tar",
    )
    assert main(["inspect", "GSE7_RAW.tar", *mirror]) == 0
    assert "layout: archive, identifiers: symbol" in capsys.readouterr().out
    assert main(["inspect", "GSE7", *mirror]) == 1
    told = capsys.readouterr().err
    assert "the mirror has other files of GSE7" in told
    assert "without a platform in its name" not in told


def test_a_superseries_is_told(tmp_path, capsys):
    mirror = matrix(tmp_path, list("abcdef"), {"disease": ["healthy"] * 3 + ["VTE"] * 3})
    path = mirror / PLACE
    path.write_text('!Series_relation\t"SuperSeries of: GSE2"\n' + path.read_text())
    for words in (["new", str(tmp_path / "mine"), "--disease", "GSE1", "--set", "CORE_ISG"], ["inspect", "GSE1"]):
        assert main([*words, "--mirror", str(mirror)]) == 0
        assert "It is a SuperSeries, with the samples of GSE2" in capsys.readouterr().out


def test_real_series_give_a_study_that_passes_check(real_files, tmp_path):
    """Paired liver tissue, groups in words of a description, counts in a table whose columns are titles."""
    folder = tmp_path / "real"
    mirror = str(real_files / "mirror")
    arguments = [
        "--disease",
        "GSE14520",
        "--drug",
        "GSE42872",
        "GSE147507",
        "--set",
        "HALLMARK_IL6_JAK_STAT3_SIGNALING",
    ]
    assert main(["new", str(folder), *arguments, "--mirror", mirror]) == 0
    study = load_checked(folder, overrides={"mirror": mirror})
    outcomes = [one.outcome for one in look_ahead(study, TimeBudget()).contrasts]
    assert outcomes == ["testable"] * 4 + ["not testable"] * 2  # 2 against 2 samples, told as a trap
    assert [row.block for row in study.contrasts.values() if row.dataset == "gse14520"] == ["pair"]
    assert study.datasets["gse14520"].biological_unit == "pair"
    assert {row.identifiers for row in study.datasets.values()} == {"probe", "symbol"}
    cov2 = next(row for row in study.contrasts.values() if "0.2" in row.target_label)
    assert cov2.reference == (
        'treatment = "Mock treatment" and cell_line = "A549" and time_point = "24hrs after treatment" and title ~ "^CoV002[ _.-]"'
    )
