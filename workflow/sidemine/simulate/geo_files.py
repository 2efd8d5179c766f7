"""Writers of files that look like those which GEO and its neighbours serve, the same bytes for the same content.

Every file carries `SIMULATION_MARKER` in a place which its format tolerates.
"""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sidemine.simulate.expression import IntArray
from sidemine.simulate.genes import FloatArray, GeneUniverse
from sidemine.simulation_marker import SIMULATION_MARKER
from sidemine.tables import write_text

if TYPE_CHECKING:
    import pandas as pd

SENTENCE = f"{SIMULATION_MARKER}: these numbers were drawn by a random generator; nobody was measured."
"""The marker as one sentence, for places that hold text."""

COMMENT = f"# {SENTENCE}\n"
"""The marker as a first line of a text table."""

_FIXED_TIME = 1_577_836_800  # 2020-01-01, so that archives do not change from day to day


@dataclass(frozen=True)
class Sample:
    """One sample of a series: `characteristics` are whole cells such as 'tissue: blood'; '' is a blank cell."""

    accession: str
    title: str
    source_name: str
    characteristics: tuple[str, ...] = ()
    relations: tuple[str, ...] = ()
    description: str = ""


@dataclass(frozen=True)
class Series:
    """The header of a GEO series."""

    accession: str
    title: str
    platform: str
    samples: tuple[Sample, ...]
    sequencing: bool = False
    organism: str = "Homo sapiens"


@dataclass(frozen=True)
class Platform:
    """A simulated array.

    Attributes
    ----------
    accession
        GPL number.
    probes
        Probe ids, in file order.
    genes
        Per probe, the symbols it measures: none (unmapped or control), one, or several.
    is_control
        Per probe, whether it is a spike-in control.
    integer_ids
        Probe ids are integers, which GEO leaves unquoted.
    """

    accession: str
    probes: tuple[str, ...]
    genes: tuple[tuple[str, ...], ...]
    is_control: tuple[bool, ...]
    integer_ids: bool = False


def make_platform(accession: str, universe: GeneUniverse, seed: int, style: str = "affymetrix") -> Platform:
    """Lay out an array that measures most genes of `universe`.

    Parameters
    ----------
    accession
        GPL number.
    universe
        The genes; those of modules always have a probe.
    seed
        Seed; never 0.
    style
        `affymetrix` (`200001_s_at`), `illumina` (`ILMN_1651209`) or `integer` (`7892501`).

    Returns
    -------
    Platform
        About 30 % of genes have a second probe, 2 % of probes measure two genes (`A /// B`), 3 % map to no gene,
        and there are control probes.
    """
    if seed == 0:
        raise ValueError("seed must not be 0: it would read as 'no seed'")
    rng = np.random.default_rng(np.random.SeedSequence([seed, 4]))
    wanted = {name for names in universe.modules.values() for name in names}
    kept = [name for name in universe.symbols if name in wanted or rng.random() < 0.9]
    entries: list[tuple[tuple[str, ...], bool]] = [((name,), False) for name in kept]
    entries += [((name,), False) for name in kept if rng.random() < 0.3]
    plain = [name for name in kept if name not in wanted]
    pairs = rng.choice(len(plain), size=(len(kept) // 50, 2))
    entries += [((plain[int(a)], plain[int(b)]), False) for a, b in pairs if a != b]
    entries += [((), False)] * (len(kept) * 3 // 100)
    order = rng.permutation(len(entries))
    shuffled = [entries[int(position)] for position in order] + [((), True)] * 20
    probes = tuple(_probe_id(style, number, control) for number, (_, control) in enumerate(shuffled))
    return Platform(
        accession,
        probes,
        tuple(genes for genes, _ in shuffled),
        tuple(control for _, control in shuffled),
        style == "integer",
    )


def _probe_id(style: str, number: int, control: bool) -> str:
    if style == "illumina":
        return f"ILMN_{1_651_200 + 3 * number}"
    if style == "integer":
        return str(7_892_501 + number)
    if control:
        return f"AFFX-SIM{number:05d}-3_at"
    return f"{200_000 + number}{'_s_at' if number % 3 == 0 else '_at'}"


def probe_values(universe: GeneUniverse, log2: FloatArray, platform: Platform, seed: int) -> FloatArray:
    """Return what the probes of an array show, probes × samples, log2.

    A probe shows its gene (of several: their mean) shifted by its own affinity (0 to −2.5) plus array noise of
    SD 0.12; unmapped probes and controls show background around 4.

    Parameters
    ----------
    universe
        The genes, in the order of the rows of `log2`.
    log2
        Expression, genes × samples.
    platform
        The array.
    seed
        Seed of affinities and noise; never 0.
    """
    if seed == 0:
        raise ValueError("seed must not be 0: it would read as 'no seed'")
    rng = np.random.default_rng(np.random.SeedSequence([seed, 5]))
    row_of = {symbol: row for row, symbol in enumerate(universe.symbols)}
    background = len(universe.symbols)
    first = np.array([row_of[genes[0]] if genes else background for genes in platform.genes], dtype=np.intp)
    last = np.array([row_of[genes[-1]] if genes else background for genes in platform.genes], dtype=np.intp)
    padded = np.vstack([log2, np.full((1, log2.shape[1]), 4.0)])
    affinity = -rng.uniform(0.0, 2.5, first.size)
    seen: dict[tuple[str, ...], int] = {}
    for row, genes in enumerate(platform.genes):
        if genes and genes not in seen:  # the first probe of a gene is the good one
            seen[genes] = row
            affinity[row] = 0.0
    values = (padded[first] + padded[last]) / 2 + affinity[:, None]
    noisy = np.log2(np.exp2(values) + 2.0**3.0) + rng.normal(0.0, 0.12, values.shape)
    return np.asarray(noisy, dtype=np.float64)


def write_series_matrix(
    path: Path, series: Series, identifiers: Sequence[str] = (), values: FloatArray | None = None
) -> None:
    """Write a GEO series matrix; without values it is header-only, as GEO serves for sequencing series.

    Parameters
    ----------
    path
        The file.
    series
        The record: its title, platform and samples.
    identifiers
        Row names. Whole numbers are left unquoted, as GEO does.
    values
        Rows × samples, in the order of identifiers and samples.
    """
    lines = [
        ("!Series_title", [series.title]),
        ("!Series_geo_accession", [series.accession]),
        ("!Series_status", ["Public on Jan 01 2020"]),
        ("!Series_submission_date", ["Jan 01 2020"]),
        ("!Series_last_update_date", ["Jan 01 2020"]),
        ("!Series_summary", [SENTENCE]),
        ("!Series_overall_design", ["Simulated; the groups are in the characteristics of the samples."]),
        ("!Series_type", [_series_type(series)]),
        ("!Series_sample_id", [" ".join(sample.accession for sample in series.samples) + " "]),
        ("!Series_platform_id", [series.platform]),
        ("!Series_platform_taxid", ["9606"]),
        ("!Series_sample_taxid", ["9606"]),
    ]
    text = "".join(_quoted_line(key, cells) for key, cells in lines) + "\n"
    text += "".join(_quoted_line(key, cells) for key, cells in _sample_rows(series, len(identifiers)))
    text += "!series_matrix_table_begin\n"
    text += _quoted_line('"ID_REF"', [sample.accession for sample in series.samples])
    if values is not None:
        names = [name if name.isdigit() else f'"{name}"' for name in identifiers]
        text += _number_rows(names, values, "%.4f")
    text += "!series_matrix_table_end\n"
    write_text(text, path)


def _series_type(series: Series) -> str:
    return "Expression profiling by " + ("high throughput sequencing" if series.sequencing else "array")


def _sample_rows(series: Series, n_rows: int) -> list[tuple[str, list[str]]]:
    """Return the `!Sample_` lines; characteristics sit in as many rows as the longest sample needs."""
    samples = series.samples
    rows = [
        ("!Sample_title", [sample.title for sample in samples]),
        ("!Sample_geo_accession", [sample.accession for sample in samples]),
        ("!Sample_status", ["Public on Jan 01 2020"] * len(samples)),
        ("!Sample_type", ["SRA" if series.sequencing else "RNA"] * len(samples)),
        ("!Sample_channel_count", ["1"] * len(samples)),
        ("!Sample_source_name_ch1", [sample.source_name for sample in samples]),
        ("!Sample_organism_ch1", [series.organism] * len(samples)),
    ]
    depth = max((len(sample.characteristics) for sample in samples), default=0)
    rows += [
        ("!Sample_characteristics_ch1", [_cell(s.characteristics, level) for s in samples]) for level in range(depth)
    ]
    rows += [
        ("!Sample_molecule_ch1", ["total RNA"] * len(samples)),
        ("!Sample_description", [sample.description for sample in samples]),
        ("!Sample_data_processing", ["Simulated."] * len(samples)),
        ("!Sample_platform_id", [series.platform] * len(samples)),
    ]
    depth = max((len(sample.relations) for sample in samples), default=0)
    rows += [("!Sample_relation", [_cell(s.relations, level) for s in samples]) for level in range(depth)]
    rows.append(("!Sample_data_row_count", [str(n_rows)] * len(samples)))
    return rows


def _cell(cells: tuple[str, ...], level: int) -> str:
    return cells[level] if level < len(cells) else ""


def _quoted_line(key: str, cells: Iterable[str]) -> str:
    return key + "".join(f'\t"{cell}"' for cell in cells) + "\n"


def _number_rows(names: Sequence[str], values: FloatArray | IntArray, pattern: str) -> str:
    template = "\t".join([pattern] * values.shape[1]) + "\n"
    rows = values.tolist()
    return "".join(f"{name}\t{template % tuple(row)}" for name, row in zip(names, rows, strict=True))


def write_platform_annotation(path: Path, platform: Platform, universe: GeneUniverse) -> None:
    """Write GEO's `.annot.gz`: header lines, column meanings, and the table between its two markers.

    Parameters
    ----------
    path
        The file.
    platform
        The array.
    universe
        Genes, with their Entrez ids.
    """
    entrez = dict(zip(universe.symbols, universe.entrez(), strict=True))
    text = (
        "^Annotation\n!Annotation_date = Jan 01 2020\n"
        f"!Annotation_platform = {platform.accession}\n"
        "!Annotation_platform_title = Simulated array\n!Annotation_platform_organism = Homo sapiens\n"
        f"#{SENTENCE}\n"
        "#ID = ID from Platform data table\n#Gene title = Entrez Gene name\n#Gene symbol = Entrez Gene symbol\n"
        "#Gene ID = Entrez Gene identifier\n#GenBank Accession = GenBank accession\n"
        "#Platform_SPOTID = SPOT_ID from Platform data table\n"
        "!platform_table_begin\nID\tGene title\tGene symbol\tGene ID\tGenBank Accession\tPlatform_SPOTID\n"
    )
    for probe, genes, control in zip(platform.probes, platform.genes, platform.is_control, strict=True):
        titles = "///".join(f"simulated gene {name}" for name in genes)
        ids = "///".join(entrez[name] for name in genes)
        text += f"{probe}\t{titles}\t{'///'.join(genes)}\t{ids}\t\t{'--Control' if control else ''}\n"
    write_text(text + "!platform_table_end\n", path)


def write_table_file(
    path: Path,
    row_names: Sequence[str],
    columns: Sequence[str],
    values: FloatArray | IntArray,
    *,
    corner: str = "",
) -> None:
    """Write a genes × samples table of text divided by tabs, marker first.

    Parameters
    ----------
    path
        The file.
    row_names, columns
        Names of the rows and of the columns of values.
    values
        Rows × columns; whole numbers are written as such, others with six decimals.
    corner
        Head of the column of row names.
    """
    pattern = "%d" if np.issubdtype(values.dtype, np.integer) else "%.6f"
    header = "\t".join([corner, *columns]) + "\n"
    write_text(COMMENT + header + _number_rows(row_names, values, pattern), path)


def write_htseq_archive(path: Path, genes: Sequence[str], counts: IntArray, members: Sequence[str]) -> None:
    """Write a `_RAW.tar` that holds one HTSeq file per sample.

    Parameters
    ----------
    path
        The file.
    genes
        Gene names, in the order of the rows of `counts`.
    counts
        Genes × samples.
    members
        File name of each sample; gzipped where it ends in .gz.
    """
    contents: dict[str, bytes] = {}
    for column, name in enumerate(members):
        values = counts[:, column].tolist()
        text = "".join(f"{gene}\t{value}\n" for gene, value in zip(genes, values, strict=True))
        text += "".join(
            f"{counter}\t{value}\n"
            for counter, value in (
                ("__no_feature", 100_003),
                ("__ambiguous", 2_003),
                ("__too_low_aQual", 0),
                ("__not_aligned", 0),
                ("__alignment_not_unique", 50_003),
                (f"__{SIMULATION_MARKER}", 0),
            )
        )
        contents[name] = gzip_bytes(text.encode()) if name.endswith(".gz") else text.encode()
    write_tar(path, contents)


def gzip_bytes(data: bytes) -> bytes:
    """Gzip without a time stamp or a name."""
    buffer = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=buffer, mtime=0, compresslevel=6) as stream:
        stream.write(data)
    return buffer.getvalue()


def write_tar(path: Path, contents: Mapping[str, bytes]) -> None:
    """Write a tar whose members have a fixed time and owner."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in contents.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            member.mtime = _FIXED_TIME
            archive.addfile(member, io.BytesIO(data))


def write_ncbi_counts(path: Path, universe: GeneUniverse, accessions: Sequence[str], counts: IntArray) -> None:
    """Write counts as NCBI generates them: `GeneID` rows, one column per GSM.

    Parameters
    ----------
    path
        The file.
    universe
        The genes, in the order of the rows of `counts`.
    accessions
        GSM of each sample.
    counts
        Genes × samples.
    """
    write_table_file(path, universe.entrez(), accessions, counts, corner="GeneID")


def write_ncbi_annotation(path: Path, universe: GeneUniverse) -> None:
    """Write the annotation that belongs to NCBI-generated counts."""
    lines = [
        f"{entrez}\t{symbol}\tsimulated gene\t\tprotein-coding\t{ensembl}\tactive"
        for entrez, symbol, ensembl in zip(universe.entrez(), universe.symbols, universe.ensembl(), strict=True)
    ]
    header = "GeneID\tSymbol\tDescription\tSynonyms\tGeneType\tEnsemblGeneID\tStatus"
    write_text(COMMENT + "\n".join([header, *lines]) + "\n", path)


def gmt_text(sets: Mapping[str, Sequence[str]]) -> str:
    """Return gene sets as GMT; the description field carries the marker."""
    return "".join("\t".join([name, SENTENCE, *genes]) + "\n" for name, genes in sets.items())


def write_gmt(path: Path, sets: Mapping[str, Sequence[str]]) -> None:
    """Write gene sets as GMT, or as a zip that holds one GMT when the name ends in .zip."""
    if path.suffix != ".zip":
        write_text(gmt_text(sets), path)
        return
    write_zip(path, path.name.removesuffix(".zip"), gmt_text(sets))


def write_zip(path: Path, name: str, text: str) -> None:
    """Write a zip that holds one text; the same bytes every time.

    Parameters
    ----------
    path
        The zip.
    name, text
        Its one member.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        member = zipfile.ZipInfo(name, date_time=(2020, 1, 1, 0, 0, 0))
        member.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(member, text)


def write_gene_table(path: Path, universe: GeneUniverse) -> None:
    """Write the study's gene table in the layout of an Ensembl export."""
    sex = {**dict.fromkeys(universe.modules["male"], "Y"), **dict.fromkeys(universe.modules["female"], "X")}
    lines = [
        f"{ensembl}\t{entrez}\t{symbol}\t{sex.get(symbol, '1')}\t1\t1000\t1\tprotein_coding\tsimulated gene"
        for ensembl, entrez, symbol in zip(universe.ensembl(), universe.entrez(), universe.symbols, strict=True)
    ]
    header = "ensgene\tentrez\tsymbol\tchr\tstart\tend\tstrand\tbiotype\tdescription"
    write_text(COMMENT + "\n".join([header, *lines]) + "\n", path)


def write_h5ad(path: Path, counts: IntArray, obs: pd.DataFrame, genes: Sequence[str]) -> None:
    """Write single-cell counts as AnnData, cells in rows, sparse.

    Parameters
    ----------
    path
        The file.
    counts
        Genes × cells.
    obs
        What is recorded of each cell (index: its name).
    genes
        Gene symbols, in the order of the rows of `counts`.
    """
    import anndata
    import pandas as pd
    import scipy.sparse

    matrix = scipy.sparse.csr_matrix(counts.T.astype(np.float32))
    data = anndata.AnnData(X=matrix, obs=obs, var=pd.DataFrame(index=pd.Index(list(genes), dtype=object)))
    data.uns["simulated"] = SENTENCE
    path.parent.mkdir(parents=True, exist_ok=True)
    data.write_h5ad(path, compression="gzip")
