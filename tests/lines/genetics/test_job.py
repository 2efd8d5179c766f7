"""The job of a row, on the files that the simulator writes for the demo: the planted set is found, the null set is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidemine.enrichment.gene_set_table import GENE_SETS
from sidemine.errors import InputError
from sidemine.lines.evidence import LayerEvidence
from sidemine.lines.genetics.job import JOB
from sidemine.lines.genetics.record import GeneticsDetails
from sidemine.lines.registry import read_lines
from sidemine.records import read_record
from sidemine.retrieve.download import fetch
from sidemine.retrieve.needed_files import Source
from sidemine.simulate.demo import DEMO_SEED, demo_sets
from sidemine.simulate.genes import GeneUniverse, make_universe
from sidemine.simulate.genetics import write_genetics
from sidemine.simulate.geo_files import write_gene_table
from sidemine.study_jobs import JobFiles
from sidemine.tables import write_table

SNPS = "chromosome=chromosome,position=base_pair_location,p_value=p_value,effect_allele=effect_allele,other_allele=other_allele,n=n"


@pytest.fixture(scope="module")
def universe() -> GeneUniverse:
    return make_universe(2400, DEMO_SEED)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, universe: GeneUniverse) -> Path:
    import pandas as pd

    folder = tmp_path_factory.mktemp("genetics")
    write_genetics(folder, universe, 5)
    write_gene_table(folder / "genes.tsv.gz", universe)
    rows = [
        (name, "negative_control" if name.endswith("CONTROL") else "target", gene, 1.0, "1", "x")
        for name, genes in demo_sets(universe).items()
        for gene in genes
    ]
    write_table(
        pd.DataFrame(rows, columns=["gene_set", "family", "gene", "weight", "version", "source"]),
        folder / "gene_sets.tsv.gz",
        GENE_SETS,
    )
    (folder / "universe.txt").write_text("\n".join([*universe.symbols[:2000], "NOSUCHGENE"]) + "\n")
    return folder


def run(
    folder: Path, gene_set: str, form: str, files: dict[str, str], columns: str = "", status: str = "verified"
) -> tuple[LayerEvidence, GeneticsDetails]:
    """Return the row and what stands behind it."""
    return execute(folder, gene_set, form, files, columns, status), read_record(
        GeneticsDetails, folder / "g.details.json"
    )


def execute(folder: Path, gene_set: str, form: str, files: dict[str, str], columns: str, status: str) -> LayerEvidence:
    specification = {
        "row": {
            "line": "g", "layer": "genetics", "format": form, "set": gene_set, "direction": "associated",
            "status": status,
            "columns": dict(cell.split("=") for cell in columns.split(",") if cell),
        },
        "files": {role: role for role in files},
        "gene_table": {"key": "genes", "format": "ensembl", "version": "simulated"},
        "seed": 1,
    }  # fmt: skip
    inputs = JobFiles(
        {
            "files": [folder / name for name in files.values()],
            "sets": [folder / "gene_sets.tsv.gz"],
            "gene_table": [folder / "genes.tsv.gz"],
            "sizes": [],
        }
    )
    outputs = {"evidence": folder / "g.json", "details": folder / "g.details.json"}
    JOB.execute(inputs, JobFiles({name: [path] for name, path in outputs.items()}), specification)
    return read_record(LayerEvidence, outputs["evidence"])


FORMS = {
    "genes_raw": ("magma_genes_out", {"file": "trait.genes.out", "genes_raw": "trait.genes.raw"}, ""),
    "raw alone": ("magma_genes_raw", {"file": "trait.genes.raw"}, ""),
    "genes_out": ("magma_genes_out", {"file": "trait.genes.out"}, ""),
    "table": ("gene_p_values", {"file": "trait.genes.out", "gene_locations": "gene.loc"}, "gene=GENE,p_value=P"),
    "snps": ("summary_statistics", {"file": "snps.tsv.gz", "gene_locations": "gene.loc"}, SNPS),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_format_finds_what_was_planted(folder: Path, form: str) -> None:
    found, details = run(folder, "SIM_JAK_STAT_MEMBERS", *FORMS[form])
    assert found.call == "in favour"
    assert found.p_declared is not None
    assert found.p_declared < 0.01
    assert (found.universe_n, found.n_measured) == (2400, 34)
    assert details.test == ("genes_raw" if "raw" in form else "rotation")
    assert (details.shrinkage is None) == (details.test == "rotation")
    assert bool(found.downgrades) == (form in {"snps", "table"})


def test_nothing_is_found_where_nothing_was_planted(folder: Path) -> None:
    for form in ("genes_raw", "snps"):
        found, _ = run(folder, "SIM_NEGATIVE_CONTROL", *FORMS[form])
        assert found.call == "undecided"
        assert found.cap.startswith("the size of its test was not measured")


def test_a_declared_universe_leaves_the_others_out(folder: Path) -> None:
    form, files, columns = FORMS["genes_out"]
    found, details = run(folder, "SIM_JAK_STAT_MEMBERS", form, {**files, "universe": "universe.txt"}, columns)
    assert found.universe_n == 2000
    told = {count.what: count.n for count in details.counts}
    assert told["genes outside of the declared universe dropped"] == 400
    assert told["names of the declared universe without an approved symbol"] == 1


def test_a_list_of_something_else_is_no_universe(folder: Path) -> None:
    (folder / "wrong.txt").write_text("1.5\n2.5\n")
    form, files, columns = FORMS["genes_out"]
    with pytest.raises(InputError, match="holds no gene"):
        run(folder, "SIM_JAK_STAT_MEMBERS", form, {**files, "universe": "wrong.txt"}, columns)


def test_what_a_reader_refuses_stops_the_run_only_where_the_row_is_verified(folder: Path) -> None:
    """An unverified row is told as not available, with the reason; nothing stands beside it on the page."""
    form, files, _ = FORMS["table"]
    columns = "gene=GENE,p_value=PVALUE"
    with pytest.raises(InputError, match="column 'PVALUE' is not there"):
        run(folder, "SIM_JAK_STAT_MEMBERS", form, files, columns)
    found = execute(folder, "SIM_JAK_STAT_MEMBERS", form, files, columns, "unverified")
    with pytest.raises(InputError, match="a record is not what its stage writes"):  # it is no record of genetics
        read_record(GeneticsDetails, folder / "g.details.json")
    assert (found.call, found.p_declared, found.gene_set) == ("not available", None, "SIM_JAK_STAT_MEMBERS")
    assert "column 'PVALUE' is not there" in found.reason
    assert found.reason.endswith("The row is unverified, so the study goes on without it.")
    place = folder / "results" / "lines" / "genetics"
    place.mkdir(parents=True, exist_ok=True)
    (place / "g.json").write_bytes((folder / "g.json").read_bytes())
    assert read_lines(folder / "results", (), {}, {}, {}, {"g": "genetics"}).layers == {}


def test_an_unverified_row_whose_file_could_not_be_had_is_not_available(folder: Path) -> None:
    form, files, columns = FORMS["genes_out"]
    declared = Source("absent.genes.out", ("x.genes.out",), "data of line g", False, folder / "no", "any", True)
    fetch(declared, folder / "absent.genes.out", max_bytes=10**9)
    found = execute(folder, "SIM_JAK_STAT_MEMBERS", form, {**files, "file": "absent.genes.out"}, columns, "unverified")
    assert (found.call, found.p_declared) == ("not available", None)
    assert found.reason.startswith("Its file is not there: x.genes.out is not there. The row is unverified")
