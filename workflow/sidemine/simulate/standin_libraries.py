"""Stand-ins of gene set libraries and of the gene table: real names of sets, simulated content."""

from __future__ import annotations

from pathlib import Path

from sidemine.simulate.addresses import mirror_path
from sidemine.simulate.gene_tables import uniprot_ids
from sidemine.simulate.genes import GeneUniverse
from sidemine.simulate.geo_files import COMMENT, write_gmt
from sidemine.simulate.signatures import write_signatures
from sidemine.tables import write_text

MSIGDB = "https://data.broadinstitute.org/gsea-msigdb/msigdb/release"
MSIGDB_RELEASES = ("7.0", "2024.1.Hs", "2025.1.Hs", "2026.1.Hs")
REACTOME = "https://reactome.org/download/current/ReactomePathways.gmt.zip"
COLLECTRI = "https://zenodo.org/records/8192729/files/CollecTRI_regulons.csv?download=1"
PROGENY = "https://omnipathdb.org/annotations?databases=PROGENy&license=academic"
DOROTHEA = (
    "https://omnipathdb.org/interactions/?genesymbols=1&datasets=dorothea&dorothea_levels=A,B,C&fields=dorothea_level"
    "&license=academic"
)
HGNC = "https://storage.googleapis.com/public-download-files/hgnc/tsv/tsv/hgnc_complete_set.txt"
LINCS = (
    "https://raw.githubusercontent.com/dhimmel/lincs/69956dec590ce4caace9df31f5b60c978f321fdc/data/consensi/"
    "consensi-drugbank.tsv.gz"
)
CHIP = "https://maayanlab.cloud/Enrichr/geneSetLibrary?mode=text&libraryName=ENCODE_TF_ChIP-seq_2015"

LINCS_SEED = 20270313
_OTHER_HALLMARKS = (
    "TNFA_SIGNALING_VIA_NFKB HYPOXIA CHOLESTEROL_HOMEOSTASIS MITOTIC_SPINDLE WNT_BETA_CATENIN_SIGNALING "
    "TGF_BETA_SIGNALING DNA_REPAIR APOPTOSIS NOTCH_SIGNALING ADIPOGENESIS ESTROGEN_RESPONSE_EARLY "
    "ESTROGEN_RESPONSE_LATE ANDROGEN_RESPONSE MYOGENESIS PROTEIN_SECRETION APICAL_JUNCTION APICAL_SURFACE "
    "HEDGEHOG_SIGNALING COMPLEMENT UNFOLDED_PROTEIN_RESPONSE PI3K_AKT_MTOR_SIGNALING MTORC1_SIGNALING MYC_TARGETS_V1 "
    "MYC_TARGETS_V2 EPITHELIAL_MESENCHYMAL_TRANSITION INFLAMMATORY_RESPONSE XENOBIOTIC_METABOLISM "
    "FATTY_ACID_METABOLISM GLYCOLYSIS REACTIVE_OXYGEN_SPECIES_PATHWAY P53_PATHWAY UV_RESPONSE_UP UV_RESPONSE_DN "
    "ANGIOGENESIS COAGULATION BILE_ACID_METABOLISM PEROXISOME ALLOGRAFT_REJECTION SPERMATOGENESIS KRAS_SIGNALING_UP "
    "KRAS_SIGNALING_DN PANCREAS_BETA_CELLS"
)
_OTHER_FACTORS = "MYC SPI1 GATA1 RELA NFKB1 TP53 E2F1 SP1 JUN FOS CEBPB RUNX1 ETS1 HIF1A"


def write_libraries(folder: Path, universe: GeneUniverse) -> None:
    """Write all libraries below the mirror folder, at the addresses of the real ones."""
    hallmarks = hallmark_sets(universe)
    for release in MSIGDB_RELEASES:
        _write_msigdb(folder, release, "h.all", hallmarks)
        _write_msigdb(folder, release, "c2.cp.reactome", _reactome_sets(universe, upper=True))
        kegg = "c2.cp.kegg" if release == "7.0" else "c2.cp.kegg_legacy"
        _write_msigdb(folder, release, kegg, _kegg_sets(universe))
    write_gmt(mirror_path(folder, REACTOME), _reactome_sets(universe, upper=False))
    write_text(_collectri(universe), mirror_path(folder, COLLECTRI))
    write_text(_progeny(universe), mirror_path(folder, PROGENY))
    write_text(_dorothea(universe), mirror_path(folder, DOROTHEA))
    write_text(hgnc_text(universe), mirror_path(folder, HGNC))
    write_gmt(mirror_path(folder, CHIP), _chip_sets(universe))
    write_signatures(mirror_path(folder, LINCS), universe, LINCS_SEED, "DB08877", entrez=True)


def _write_msigdb(folder: Path, release: str, collection: str, sets: dict[str, tuple[str, ...]]) -> None:
    name = f"{collection}.v{release}.symbols.gmt"
    write_gmt(mirror_path(folder, f"{MSIGDB}/{release}/{name}"), sets)


def _slice(universe: GeneUniverse, start: int, size: int) -> tuple[str, ...]:
    """Return invented genes that belong to no story, wrapping around."""
    modules = [name for name in sorted(universe.modules) if name.startswith("module_")]
    pool = [gene for name in modules for gene in universe.modules[name]]
    return tuple(pool[(start + offset) % len(pool)] for offset in range(size))


def hallmark_sets(universe: GeneUniverse) -> dict[str, tuple[str, ...]]:
    """Return all fifty Hallmark names with core symbols and invented genes."""
    m = universe.modules
    interferon = m["interferon_response"]
    sets = {
        "HALLMARK_INTERFERON_ALPHA_RESPONSE": interferon,
        "HALLMARK_INTERFERON_GAMMA_RESPONSE": (*interferon[:50], "STAT1", "STAT2", "JAK2", "IL10RA", "SOCS1"),
        "HALLMARK_IL6_JAK_STAT3_SIGNALING": (*m["jak_stat_members"][:22], *_slice(universe, 0, 40)),
        "HALLMARK_IL2_STAT5_SIGNALING": (*m["jak_stat_members"][14:], *_slice(universe, 40, 60)),
        "HALLMARK_HEME_METABOLISM": (*m["erythroid_markers"], *_slice(universe, 100, 40)),
        "HALLMARK_OXIDATIVE_PHOSPHORYLATION": (*m["oxidative_phosphorylation"], *_slice(universe, 140, 30)),
        "HALLMARK_E2F_TARGETS": m["proliferation"],
        "HALLMARK_G2M_CHECKPOINT": m["proliferation"][6:],
    }
    for number, name in enumerate(_OTHER_HALLMARKS.split()):
        sets[f"HALLMARK_{name}"] = _slice(universe, 17 * number, 40)
    return sets


def _reactome_sets(universe: GeneUniverse, *, upper: bool) -> dict[str, tuple[str, ...]]:
    m = universe.modules
    members, interferon = m["jak_stat_members"], m["interferon_response"]
    sets = {
        "Interferon Signaling": (*interferon[:45], *members[:8]),
        "Interferon alpha/beta signaling": (*interferon[:35], "IFNAR1", "IFNAR2", "JAK1", "TYK2", "STAT1", "STAT2"),
        "Interferon gamma signaling": (*interferon[20:40], "IFNGR1", "IFNGR2", "JAK1", "JAK2", "STAT1", "SOCS1"),
        "ISG15 antiviral mechanism": interferon[:20],
        "Cytokine Signaling in Immune system": (*members, *interferon[:30]),
        "Signaling by Interleukins": (*members, *_slice(universe, 200, 60)),
        "Interleukin-6 signaling": ("IL6R", "IL6ST", "JAK1", "JAK2", "TYK2", "STAT1", "STAT3", "SOCS3", "PTPN11"),
        "Interleukin-6 family signaling": ("IL6R", "IL6ST", "JAK1", "JAK2", "TYK2", "STAT1", "STAT3", "LIFR", "SOCS3"),
        "Growth hormone receptor signaling": ("JAK2", "STAT1", "STAT3", "STAT5A", "STAT5B", "SOCS1", "SOCS2", "CISH"),
        "Signaling by Erythropoietin": ("EPOR", "JAK2", "STAT5A", "STAT5B", "PTPN6", "CISH"),
        "Prolactin receptor signaling": ("JAK2", "STAT5A", "STAT5B", "CISH", "SOCS2", "PTPN11"),
        "Signaling by CSF3 (G-CSF)": ("CSF3R", "JAK1", "JAK2", "TYK2", "STAT1", "STAT3", "STAT5A", "SOCS3"),
        "Platelet activation, signaling and aggregation": (*m["platelet_markers"], *_slice(universe, 260, 30)),
        "Neutrophil degranulation": (*m["neutrophil_markers"], *_slice(universe, 290, 40)),
        "Platelet degranulation": (*m["platelet_markers"], *_slice(universe, 310, 20)),
        "Eukaryotic Translation Elongation": m["ribosome"],
        "Respiratory electron transport": m["oxidative_phosphorylation"],
        "Heme biosynthesis": ("ALAS2", "FECH", "HMBS", *_slice(universe, 330, 6)),
        "Hemostasis": (*m["platelet_markers"], *_slice(universe, 340, 60)),
        "Cell Cycle": m["proliferation"],
    }
    if not upper:
        return sets
    return {"REACTOME_" + "_".join(_words_of(name)).upper(): genes for name, genes in sets.items()}


def _words_of(name: str) -> list[str]:
    return "".join(letter if letter.isalnum() else " " for letter in name).split()


def _kegg_sets(universe: GeneUniverse) -> dict[str, tuple[str, ...]]:
    m = universe.modules
    return {
        "KEGG_JAK_STAT_SIGNALING_PATHWAY": (*m["jak_stat_members"], *_slice(universe, 400, 60)),
        "KEGG_RIBOSOME": m["ribosome"],
        "KEGG_OXIDATIVE_PHOSPHORYLATION": m["oxidative_phosphorylation"],
        "KEGG_COMPLEMENT_AND_COAGULATION_CASCADES": _slice(universe, 460, 40),
        "KEGG_CELL_CYCLE": m["proliferation"],
    }


def _regulons(universe: GeneUniverse) -> list[tuple[str, str, int]]:
    """Return regulator, target and sign of every simulated edge."""
    interferon, repressed = universe.modules["interferon_response"], universe.modules["jak_stat_repressed"]
    parts = {"STAT1": (0, 60), "STAT2": (0, 45), "IRF9": (0, 40), "IRF7": (10, 40), "IRF1": (20, 65), "STAT3": (55, 75)}
    edges = [(factor, gene, 1) for factor, (start, end) in parts.items() for gene in interferon[start:end]]
    edges += [(factor, gene, -1) for factor in ("STAT1", "STAT3") for gene in repressed]
    for number, factor in enumerate(("STAT4", "STAT5A", "STAT5B", "STAT6", *_OTHER_FACTORS.split())):
        edges += [(factor, gene, 1) for gene in _slice(universe, 29 * number, 25)]
    return edges


def _collectri(universe: GeneUniverse) -> str:
    rows = [f'"{source}","{target}",{weight}' for source, target, weight in _regulons(universe)]
    return COMMENT + "\n".join(['"source","target","weight"', *rows]) + "\n"


def _chip_sets(universe: GeneUniverse) -> dict[str, tuple[str, ...]]:
    """Return sets named as Enrichr names ENCODE's experiments: factor, cells, assembly."""
    targets: dict[str, list[str]] = {}
    for factor, gene, _ in _regulons(universe):
        targets.setdefault(f"{factor} K562 hg19", []).append(gene)
    return {name: tuple(genes) for name, genes in targets.items()}


def _progeny(universe: GeneUniverse) -> str:
    """Return OmniPath's annotation table: three rows (pathway, weight, p_value) per gene and pathway."""
    edges = [("JAK-STAT", gene, 6.0 - 0.05 * row) for row, gene in enumerate(universe.modules["interferon_response"])]
    edges += [("JAK-STAT", gene, -2.0) for gene in universe.modules["jak_stat_repressed"]]
    for number, pathway in enumerate(("Androgen", "EGFR", "Hypoxia", "MAPK", "NFkB", "p53", "TGFb", "TNFa", "VEGF")):
        edges += [(pathway, gene, 3.0) for gene in _slice(universe, 31 * number, 40)]
    lines = ["uniprot\tgenesymbol\tentity_type\tsource\tlabel\tvalue\trecord_id"]
    for record, (pathway, gene, weight) in enumerate(edges, start=1):
        for label, value in (("pathway", pathway), ("weight", f"{weight:.4f}"), ("p_value", "1e-10")):
            lines.append(f"SIM{record:05d}\t{gene}\tprotein\tPROGENy\t{label}\t{value}\t{record}")
    return COMMENT + "\n".join(lines) + "\n"


def _dorothea(universe: GeneUniverse) -> str:
    """Return OmniPath's interaction table of DoRothEA."""
    header = (
        "source\ttarget\tsource_genesymbol\ttarget_genesymbol\tis_directed\tis_stimulation\tis_inhibition\t"
        "consensus_direction\tconsensus_stimulation\tconsensus_inhibition\tdorothea_level"
    )
    rows = [
        f"SIM\tSIM\t{source}\t{target}\t1\t{int(sign > 0)}\t{int(sign < 0)}\t1\t{int(sign > 0)}\t{int(sign < 0)}\tA"
        for source, target, sign in _regulons(universe)
    ]
    return COMMENT + "\n".join([header, *rows]) + "\n"


def hgnc_text(universe: GeneUniverse) -> str:
    """Return the gene table in HGNC's layout; one old symbol is there for the alias repair."""
    previous = {"RIGI": "DDX58", "MTARC1": "MARC1"}
    header = "hgnc_id\tsymbol\tname\tlocus_group\tlocus_type\tstatus\tlocation\talias_symbol\tprev_symbol\tentrez_id\t"
    lines = [header + "ensembl_gene_id\tuniprot_ids"]
    proteins = uniprot_ids(len(universe.symbols))
    for row, (symbol, entrez, ensembl, protein) in enumerate(
        zip(universe.symbols, universe.entrez(), universe.ensembl(), proteins, strict=True)
    ):
        lines.append(
            f"HGNC:{9_000_000 + row}\t{symbol}\tsimulated gene\tprotein-coding gene\tgene with protein product\tApproved"
            f"\t1p1\t\t{previous.get(symbol, '')}\t{entrez}\t{ensembl}\t{protein}"
        )
    return COMMENT + "\n".join(lines) + "\n"
