"""miRNAs: names are never guessed, everything that is lost is counted, and a skewed graph of targets calls nothing."""

from __future__ import annotations

import gzip

import numpy as np
import openpyxl
import pandas as pd
import pytest

from sidemine.errors import InputError
from sidemine.lines.mirna.measure import (
    LabelledMirnas,
    TargetGraph,
    as_measured,
    gather_units,
    measure_mirnas,
    slope_on_targets,
)
from sidemine.lines.mirna.names import AMBIGUOUS, OTHER_SPECIES, SEVERAL, UNKNOWN, MirnaNames, read_aliases
from sidemine.lines.mirna.reader import read_families, read_labels, read_seeds, read_targets, read_universe
from sidemine.prepare.gene_table import GeneTable
from sidemine.simulate.mirnas import simulate_mirnas
from sidemine.stats.adjusted_slope import Slope

ALIASES = """MI0000077\thsa-mir-21;
MIMAT0000076\thsa-miR-21;hsa-miR-21-5p;
MIMAT0004494\thsa-miR-21*;hsa-miR-21-3p;
MIMAT0000082\thsa-miR-26a;hsa-miR-26a-5p;
MIMAT0004499\thsa-miR-26a-1*;hsa-miR-26a-1-3p;
MIMAT0001631\thsa-miR-451;hsa-miR-451a;
MIMAT0000062\thsa-let-7a;hsa-let-7a-5p;
MIMAT0004481\thsa-let-7a*;hsa-let-7a-3p;
MIMAT0000001\thsa-miR-old;hsa-miR-1a-5p;
MIMAT0000002\thsa-miR-old;hsa-miR-1b-5p;
MIMAT0000530\tmmu-miR-21a-5p;
"""


@pytest.fixture
def names(tmp_path):
    path = tmp_path / "aliases.txt"
    path.write_text(ALIASES)
    return read_aliases(path)


@pytest.mark.parametrize(
    ("text", "accession", "why"),
    [
        ("hsa-miR-21-5p", "MIMAT0000076", ""),
        ("MIMAT0000076", "MIMAT0000076", ""),
        ("hsa\u2011miR\u201121\u20135p", "MIMAT0000076", ""),
        (" hsa-mir-21-3P ", "MIMAT0004494", ""),
        ("miR-21*", "MIMAT0004494", ""),
        ("let-7a-5p", "MIMAT0000062", ""),
        ("hsa-miR-451", "MIMAT0001631", ""),
        ("hsa-miR-21", None, AMBIGUOUS),
        ("hsa-mir-21", None, AMBIGUOUS),
        ("hsa-miR-26a", None, AMBIGUOUS),
        ("let-7a", None, AMBIGUOUS),
        ("hsa-miR-old", None, SEVERAL),
        ("hsa-miR-9999-5p", None, UNKNOWN),
        ("mmu-miR-21a-5p", None, OTHER_SPECIES),
        ("MIMAT0000530", None, "the accession is no human one of the aliases"),
    ],
)
def test_a_name_is_an_accession_or_says_why_not(names, text, accession, why):
    found = names.resolve(text)
    assert (found.accession, found.why) == (accession, why)
    assert names.label("MIMAT0000076") == "hsa-miR-21-5p"


def test_a_file_that_is_no_list_of_aliases_is_refused(tmp_path):
    path = tmp_path / "aliases.txt"
    path.write_text("MIMAT0000530\tmmu-miR-21a-5p;\n")
    with pytest.raises(InputError, match="no human mature miRNA"):
        read_aliases(path)


def test_labels_are_read_and_every_lost_row_is_counted(tmp_path, names):
    path = tmp_path / "table.tsv"
    path.write_text(
        "name\tlogFC\tadj\nhsa-miR-21-5p\t1.5\t.01\nmiR-21-5p\t2\t.03\nhsa-miR-21\t3\t.001\nhsa-miR-451a\t-1\t.04\n"
        "let-7a-5p\t2\t.5\nhsa-miR-26a-5p\t1\tNA\n"
    )
    found = read_labels(path, {"mirna": "name", "p_value": "adj", "effect": "logFC"}, names)
    assert dict(found.labels) == {"MIMAT0000076": 1.0, "MIMAT0001631": -1.0, "MIMAT0000062": 0.0}
    assert found.signed
    assert {(row.why, row.n, *row.examples) for row in found.lost} == {
        (AMBIGUOUS, 1, "hsa-miR-21"),
        ("no label", 1, "hsa-miR-26a-5p"),
    }
    assert not read_labels(path, {"mirna": "name", "p_value": "adj"}, names).signed
    assert set(read_labels(path, {"mirna": "name"}, names).labels.values()) == {1.0}


@pytest.mark.parametrize(
    ("cells", "columns", "message"),
    [
        ("hsa-miR-21-5p\tmaybe", {"mirna": "name", "label": "call"}, r"not understood: 'maybe'(.|\n)*line 2"),
        ("hsa-miR-21-5p\t1.5", {"mirna": "name", "p_value": "call"}, r"between 0 and 1(.|\n)*line 2"),
        ("hsa-miR-21-5p\tup", {"mirna": "name", "label": "class"}, "lacks column 'class'"),
    ],
)
def test_faulty_tables_are_told_with_their_place(tmp_path, names, cells, columns, message):
    path = tmp_path / "table.tsv"
    path.write_text(f"name\tcall\n{cells}\n")
    with pytest.raises(InputError, match=message):
        read_labels(path, columns, names)


def genes_of(*symbols):
    return GeneTable(pd.DataFrame({"entrez": "", "ensembl": ""}, index=list(symbols)), [], [("P53", "TP53")])


def test_targets_are_mirtarbase_or_two_columns(tmp_path, names):
    path = tmp_path / "mti.csv"
    path.write_text(
        "\ufeffmiRTarBase ID,miRNA,Species (miRNA),Target Gene,Species (Target Gene)\n"
        "M1,hsa-miR-21-5p,Homo sapiens,TP53,Homo sapiens\nM1,hsa-miR-21-5p,Homo sapiens,P53,Homo sapiens\n"
        "M2,hsa-miR-451a,Homo sapiens,MYC,Homo sapiens\nM3,mmu-miR-21a-5p,Mus musculus,Myc,Mus musculus\n"
        "M4,hsa-miR-21,Homo sapiens,MYC,Homo sapiens\nM5,hsa-miR-451a,Homo sapiens,NOSUCH,Homo sapiens\n"
    )
    graph, lost = read_targets(path, {}, names, genes_of("MYC", "TP53"))
    pairs = {(graph.mirnas[a], graph.genes[b]) for a, b in zip(graph.mirna_of, graph.gene_of, strict=True)}
    assert pairs == {("MIMAT0000076", "TP53"), ("MIMAT0001631", "MYC")}
    assert len(graph.mirna_of) == 2, "a pair counts once, under whatever name"
    assert [row.n for row in lost] == [1, 1, 1]
    path.write_text("a\tb\nmiR-451\tMYC\n")
    assert read_targets(path, {}, names, genes_of("MYC"))[0].mirnas == ["MIMAT0001631"]
    path.write_text("a\tb\tc\nmiR-451\tMYC\tx\n")
    with pytest.raises(InputError, match="cannot be told which columns"):
        read_targets(path, {}, names, genes_of("MYC"))
    assert len(read_targets(path, {"target_mirna": "a", "target_gene": "b"}, names, genes_of("MYC"))[0].genes) == 1
    path.write_text("miRTarBase ID,miRNA,Species (miRNA),Target Gene,Species (Target Gene)\n")
    with pytest.raises(InputError, match="no pair of miRNA and target gene is left"):
        read_targets(path, {}, names, genes_of("MYC"))


def test_spreadsheets_are_read_as_papers_and_mirtarbase_deposit_them(tmp_path, names):
    book = openpyxl.Workbook()
    book.active.append(["a note of the journal"])
    sheet = book.create_sheet("MTI")
    for row in (["miRNA", "Target Gene", "label"], ["hsa-miR-21-5p", "TP53", "up"], ["hsa-miR-451a", "MYC", "down"]):
        sheet.append(row)
    path = tmp_path / "x.xlsx"
    book.save(path)
    assert read_targets(path, {}, names, genes_of("MYC", "TP53"))[0].genes == ["MYC", "TP53"]
    found = read_labels(path, {"mirna": "miRNA", "label": "label"}, names)
    assert (dict(found.labels), found.signed) == ({"MIMAT0000076": 1.0, "MIMAT0001631": -1.0}, True)


def test_families_come_from_a_table_or_from_seeds(tmp_path, names):
    path = tmp_path / "families.txt"
    path.write_text(
        "miR family\tSeed+m8\tSpecies ID\tMiRBase ID\tMiRBase Accession\nmiR-21-5p\tAGCUUAU\t9606\tx\tMIMAT0000076\n"
        "miR-21-5p\tAGCUUAU\t10090\tx\tMIMAT0000530\nA\tx\t9606\tx\tMIMAT0001631\nB\tx\t9606\tx\tMIMAT0001631\n"
    )
    families, lost = read_families(path, {}, names)
    assert families == {"MIMAT0000076": "miR-21-5p"}
    assert [(row.n, row.examples) for row in lost] == [(1, ["hsa-miR-451a"])]
    path.write_text(
        ">hsa-miR-21-5p MIMAT0000076 Homo sapiens\nUAGCUUAUCAGACUGA\nUGUUGA\n>mmu-miR-21a-5p MIMAT0000530\nUAGC\n"
    )
    assert read_seeds(path, names) == {"MIMAT0000076": "seed AGCUUAU"}
    path.write_text("hsa-miR-21-5p\n# told\nmmu-miR-21a-5p\n")
    universe, lost = read_universe(path, names)
    assert (universe, [row.why for row in lost]) == ({"MIMAT0000076"}, [OTHER_SPECIES])


def simulated(seed=5, n_families=250, n_genes=1500):
    drawn = simulate_mirnas(n_families, n_genes, seed)
    graph = TargetGraph(drawn.accessions, [f"G{at}" for at in range(n_genes)], drawn.mirna_of, drawn.gene_of)
    return graph, dict(zip(drawn.accessions, drawn.seeds, strict=True))


def test_the_simulated_graph_is_as_skewed_as_a_real_one():
    graph, families = simulated()
    degrees = graph.degrees()
    assert np.median(degrees) <= 6
    assert degrees.max() > 40 * np.median(degrees)
    assert len(set(families.values())) < 0.6 * len(families)


def test_lists_that_favour_well_studied_mirnas_call_nothing():
    """Popular targets, and lists drawn in proportion to the number of targets."""
    graph, families = simulated()
    popular = np.argsort(-np.bincount(graph.gene_of))[:60]
    degrees, scores = graph.degrees(), graph.scores({graph.genes[at]: 1.0 for at in popular})
    rng = np.random.default_rng(1)
    called, without_degree, n = 0, 0, 200
    for _ in range(n):
        keys = np.log(degrees) + rng.gumbel(size=len(degrees))
        labels = (keys >= np.sort(keys)[-40]).astype(float)
        units = gather_units(labels, degrees, scores, [families[key] for key in graph.mirnas])
        found = slope_on_targets(units)
        assert isinstance(found, Slope)
        called += found.p_higher <= 0.05
        hits = (degrees * scores)[labels > 0].sum()
        without_degree += hits > 2 * 40 * np.mean(degrees * scores)
    assert called / n <= 0.08
    assert without_degree / n > 0.95, "the lists hit the set at twice the usual rate, for their number of targets alone"


def test_mirnas_that_moved_the_other_way_speak_neither_for_nor_against_a_set():
    """miRNAs that are down and hardly target the set are no evidence that those that are up do."""
    graph, families = simulated()
    weights = {graph.genes[at]: 1.0 for at in np.argsort(-np.bincount(graph.gene_of))[:200]}
    order = np.argsort(graph.scores(weights), kind="stable")
    low, others = order[:60], np.random.default_rng(6).choice(order[60:], 20, replace=False)
    down = {graph.mirnas[at]: -1.0 for at in low}
    names = MirnaNames([])

    def measure(labels, direction):
        labelled = LabelledMirnas(labels, True, [])
        found = measure_mirnas(labelled, set(graph.mirnas), graph, weights, families, names, direction)
        return found, as_measured(found, direction, 200)

    found, measured = measure(down, "up")
    assert measured.p_declared is None
    assert measured.reason == ("Not testable: 0 units that are up in the disease have known targets, fewer than 5.")
    up = {graph.mirnas[at]: 1.0 for at in others}
    found, measured = measure(down | up, "up")
    alone, beside = measure(up, "up")
    assert (found.slope, found.details.strongest) == (alone.slope, alone.details.strongest)
    assert (found.details.n_listed, found.details.n_other_way) == (20, 60)
    assert (
        "are up in the disease (60 miRNAs that moved the other way count as not moved); they target" in measured.reason
    )
    assert measured.p_declared == beside.p_declared
    assert "moved the other way" not in beside.reason
    turned, mirrored = measure({key: -label for key, label in (down | up).items()}, "down")
    assert turned.slope.estimate == -found.slope.estimate
    assert mirrored.p_declared == measured.p_declared


def test_planted_families_are_found_in_their_direction_and_the_record_counts():
    graph, families = simulated()
    rng = np.random.default_rng(2)
    chosen = rng.choice(len(graph.genes), 60, replace=False)
    weights = {graph.genes[at]: 1.0 for at in chosen} | {"not a target": 1.0}
    scores = graph.scores(weights)
    listed = np.argsort(-scores, kind="stable")[:40]
    labels = {graph.mirnas[at]: -1.0 for at in listed} | {"MIMAT_elsewhere": 1.0}
    labelled, names = LabelledMirnas(labels, True, []), MirnaNames([])
    found = measure_mirnas(labelled, {*graph.mirnas, "MIMAT_bare"}, graph, weights, families, names, "down")
    assert found.slope is not None
    assert found.slope.estimate < 0
    assert 1 - found.slope.p_higher < 1e-4
    assert found.n_measured <= 60
    assert {(row.n, row.why) for row in found.details.lost} == {
        (1, "listed miRNAs that the universe does not hold"),
        (1, "miRNAs of the universe without known targets"),
    }
    assert (found.details.unit, found.details.n_units) == ("seed family", len(set(families.values())))
    assert found.details.strongest[0].label < 0
    alone = measure_mirnas(labelled, set(graph.mirnas), graph, weights, None, names, "listed")
    assert alone.slope is not None
    assert alone.slope.estimate > 0, "a list has no signs"
    assert (alone.details.unit, alone.details.n_units) == ("miRNA", len(graph.mirnas))


@pytest.mark.parametrize(
    ("labels", "universe", "why"),
    [
        (slice(0, 3), slice(None), "fewer than 5"),
        (slice(0, 40), slice(0, 20), "too few"),
        (slice(None), slice(None), "declare all miRNAs that the assay could see"),
    ],
)
def test_what_cannot_be_tested_says_why(labels, universe, why):
    graph, _ = simulated(n_families=60, n_genes=300)
    labelled = LabelledMirnas(dict.fromkeys(graph.mirnas[labels], 1.0), False, [])
    weights = {"G1": 1.0, "G2": 1.0}
    found = measure_mirnas(labelled, set(graph.mirnas[universe]), graph, weights, None, MirnaNames([]), "listed")
    assert found.slope is None
    assert why in found.details.why_not


def test_a_real_graph_has_the_skew_that_is_told(real_files):
    """miRTarBase: its names carry their arm, so that a list of its own names is alias enough here."""
    path = real_files / "data" / "mirna" / "miRTarBase_hsa_MTI.csv.gz"
    if not path.is_file():
        pytest.skip("no miRTarBase file here")
    with gzip.open(path, "rt", encoding="utf-8-sig") as stream:
        own = sorted({line.split(",")[1] for line in stream if line.startswith("MIRT")})
    names = MirnaNames((f"MIMAT{at:07d}", [name]) for at, name in enumerate(own))
    graph, lost = read_targets(path, {}, names, GeneTable(pd.DataFrame({"entrez": [], "ensembl": []}), None, None))
    degrees = graph.degrees()
    assert (len(graph.mirnas), int(np.median(degrees)), int(degrees.max())) == (2598, 94, 2627)
    assert [(row.n, row.examples) for row in lost if "miRNAs" in row.why] == [(1, ["hsa-miR-3180"])]


def test_ratios_are_no_signs(tmp_path, names):
    """Fold changes of .4 and 2.5 would both be higher."""
    path = tmp_path / "table.tsv"
    rows = "hsa-miR-21-5p\t{}\nhsa-let-7a-5p\t{}\n"
    columns = {"mirna": "name", "effect": "fold change"}
    path.write_text("name\tfold change\n" + rows.format(0.4, 2.5), encoding="utf-8")
    with pytest.raises(InputError, match="are these ratios"):
        read_labels(path, columns, names)
    path.write_text("name\tfold change\n" + rows.format(-1.3, 1.3), encoding="utf-8")
    assert sorted(read_labels(path, columns, names).labels.values()) == [-1, 1]
