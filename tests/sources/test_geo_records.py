"""One series described by its series matrix, SOFT family and MINiML: the same samples; unsafe XML is refused."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from deposits import gene_table, row, write_members

from sidemine.errors import InputError
from sidemine.prepare.dataset import prepare_dataset
from sidemine.prepare.metadata import read_samples
from sidemine.sources.geo_record import read_record_metadata

MATRIX = """!Series_title\t"A study"
!Series_geo_accession\t"GSE1"
!Sample_title\t"one"\t"two"
!Sample_geo_accession\t"GSM1"\t"GSM2"
!Sample_source_name_ch1\t"blood"\t"blood"
!Sample_organism_ch1\t"Homo sapiens"\t"Homo sapiens"
!Sample_characteristics_ch1\t"CD4+: 20"\t"CD4+: 30"
!Sample_characteristics_ch1\t"CD4-: 80"\t"CD4-: 70"
!Sample_characteristics_ch1\t"treatment: none"\t"treatment: IFN & more"
!Sample_platform_id\t"GPL570"\t"GPL570"
!series_matrix_table_begin
"ID_REF"\t"GSM1"\t"GSM2"
!series_matrix_table_end
"""


def _soft_sample(accession: str, title: str, cells: str, others: str, treatment: str) -> str:
    return (
        f"^SAMPLE = {accession}\n!Sample_title = {title}\n!Sample_geo_accession = {accession}\n"
        "!Sample_source_name_ch1 = blood\n!Sample_organism_ch1 = Homo sapiens\n"
        f"!Sample_characteristics_ch1 = CD4+: {cells}\n!Sample_characteristics_ch1 = CD4-: {others}\n"
        f"!Sample_characteristics_ch1 = treatment: {treatment}\n!Sample_platform_id = GPL570\n"
    )


SOFT = (
    "^SERIES = GSE1\n!Series_title = A study\n!Series_geo_accession = GSE1\n^PLATFORM = GPL570\n"
    + _soft_sample("GSM1", "one", "20", "80", "none")
    + _soft_sample("GSM2", "two", "30", "70", "IFN & more")
)


def _xml_sample(accession: str, title: str, cells: str, others: str, treatment: str) -> str:
    return f"""<Sample iid="{accession}"><Title>{title}</Title><Accession database="GEO">{accession}</Accession>
<Channel position="1"><Source>blood</Source><Organism>Homo sapiens</Organism>
<Characteristics tag="CD4+">
{cells}
</Characteristics><Characteristics tag="CD4-">{others}</Characteristics>
<Characteristics tag="treatment">{treatment}</Characteristics></Channel>
<Platform-Ref ref="GPL570"/></Sample>"""


MINIML = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<MINiML xmlns="http://www.ncbi.nlm.nih.gov/geo/info/MINiML" version="0.5.0">'
    + '<Platform iid="GPL570"><Title>chip</Title></Platform>'
    + _xml_sample("GSM1", "one", "20", "80", "none")
    + _xml_sample("GSM2", "two", "30", "70", "IFN &amp; more")
    + '<Series iid="GSE1"><Title>A study</Title><Accession database="GEO">GSE1</Accession></Series></MINiML>'
)


def _files(folder: Path) -> dict[str, Path]:
    (folder / "soft.gz").write_bytes(gzip.compress(SOFT.encode()))
    (folder / "plain.xml").write_text(MINIML)
    (folder / "zipped.xml.gz").write_bytes(gzip.compress(MINIML.encode()))
    members = {"GSE1_family.xml": MINIML, "GSM1-tbl-1.txt": "a\t1\n", "GPL570-tbl-1.txt": "x\ty\n"}
    write_members(folder / "family.xml.tgz", members)
    return {name: folder / name for name in ("soft.gz", "plain.xml", "zipped.xml.gz", "family.xml.tgz")}


@pytest.mark.parametrize("name", ["soft.gz", "plain.xml", "zipped.xml.gz", "family.xml.tgz"])
def test_three_forms_of_one_record_say_the_same(tmp_path: Path, name: str) -> None:
    (tmp_path / "matrix.txt").write_text(MATRIX)
    matrix = read_record_metadata(tmp_path / "matrix.txt")
    other = read_record_metadata(_files(tmp_path)[name])
    assert (other.accession, other.title, other.platform_ids) == ("GSE1", "A study", ["GPL570"])
    assert list(matrix.samples["cd4_plus"]) == ["20", "30"]
    assert list(matrix.samples["cd4_minus"]) == ["80", "70"]
    assert other.samples[matrix.samples.columns].equals(matrix.samples)
    assert [note for note in other.notes if "kept apart" in note] == [
        note for note in matrix.notes if "kept apart" in note
    ]


@pytest.mark.parametrize("name", ["soft.gz", "plain.xml", "family.xml.tgz"])
def test_any_form_serves_as_metadata_of_a_dataset(tmp_path: Path, name: str) -> None:
    (tmp_path / "counts.tsv").write_text("gene\tGSM1\tGSM2\nSTAT1\t5\t6\nIRF1\t7\t8\n")
    files = {"values": tmp_path / "counts.tsv", "metadata": _files(tmp_path)[name]}
    one = row("table", subset="treatment ~ IFN")
    samples = read_samples(one, files, {}, [])
    assert list(samples["fate"]) == ["outside the subset: treatment ~ IFN", "used"]
    adata, _ = prepare_dataset(one, files, samples, gene_table())
    assert adata.layers["counts"].tolist() == [[8, 6]] or adata.layers["counts"].tolist() == [[6, 8]]
    assert json.loads(adata.uns["sidemine"])["n_samples"] == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (MINIML.replace("<MINiML", '<!DOCTYPE x [<!ENTITY a "b">]><MINiML', 1), "document type"),
        (
            '<!DOCTYPE lolz [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;">]><MINiML>&b;</MINiML>',
            "document type",
        ),
        ('<!DOCTYPE x SYSTEM "file:///etc/passwd"><MINiML/>', "document type"),
        (MINIML[: len(MINIML) // 2], "cannot be read as MINiML"),
        (MINIML.replace("GSM2", "GSM1"), "sample ids are repeated"),
        ("<MINiML>" + "<a>" * 100, "nested more than"),
        ("<note>hello</note>", "first element is 'note'"),
        ('<?xml version="1.0"?><MINiML>&unknown;</MINiML>', "cannot be read as MINiML"),
        ('<?xml version="1.0" encoding="UTFx-8"?><MINiML/>', "unknown encoding"),
        ('<?xml version="1.0" encoding="euc-jp"?><MINiML/>', "multi-byte encodings"),
    ],
)
def test_unsafe_or_broken_xml_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "x.xml"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_record_metadata(path)


def test_archives_with_none_or_several_records_are_refused(tmp_path: Path) -> None:
    for members in ({"a.txt": "x"}, {"a_family.xml": MINIML, "b_family.xml": MINIML}):
        with pytest.raises(InputError, match="records of GEO"):
            read_record_metadata(write_members(tmp_path / "x.tgz", members))
