"""Which files each row of the sheets needs, where they come from and where their copies lie."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sidemine.errors import Problem, StudyError
from sidemine.lines.bridge.config import ComparatorSignatures
from sidemine.lines.layers import LAYERS
from sidemine.retrieve.addresses import canonical_url, local_key, mirror_key
from sidemine.sources.forms import Form
from sidemine.sources.geo_addresses import (
    platform_annotation_urls,
)
from sidemine.sources.registry import LAYOUTS
from sidemine.study.choices import SetFormat
from sidemine.study.models import GeneTableSource
from sidemine.study.paths import expand_path, is_url
from sidemine.study.rows import Dataset, GeneSetRow, LineRow, PublishedTable

_FORM_OF_SETS: dict[SetFormat, Form] = {
    "gmt": "gmt",
    "gmt_zip": "archive",
    "collectri": "table",
    "dorothea": "table",
    "progeny": "table",
    "sets_tsv": "table",
}


@dataclass(frozen=True)
class Source:
    """One input file.

    Attributes
    ----------
    key
        Path of the copy, relative to `downloads/<study>/`.
    locations
        Addresses in the order in which they are tried (the next one only when one does not exist), or one local path
        exactly as written in the sheet.
    purpose
        What the file is for, in words, for messages.
    mutable
        The address serves a changing file: its content is recorded, never refused for having changed.
    local_path
        The file itself, where it is a local one; None for addresses.
    form
        What the study declares the file to be: what cannot be that is not let in.
    may_be_missing
        Only unverified rows of `lines.tsv` name it: without it the study goes on, and they are not available.
    """

    key: str
    locations: tuple[str, ...]
    purpose: str
    mutable: bool = False
    local_path: Path | None = None
    form: Form = "any"
    may_be_missing: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return the source as JSON-ready values."""
        return {
            "key": self.key,
            "locations": list(self.locations),
            "purpose": self.purpose,
            "mutable": self.mutable,
            "local_path": str(self.local_path) if self.local_path is not None else None,
            "form": self.form,
            "may_be_missing": self.may_be_missing,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Source:
        """Rebuild a source that `to_dict` wrote."""
        local = values["local_path"]
        return cls(
            values["key"],
            tuple(values["locations"]),
            values["purpose"],
            values["mutable"],
            Path(local) if local is not None else None,
            values["form"],
            values["may_be_missing"],
        )


def _source(text: str, config_dir: Path, purpose: str, form: Form, *, mutable: bool = False) -> Source:
    """Make the source of a file key that holds an address or a path."""
    if is_url(text):
        return _remote((text,), purpose, form, mutable=mutable)
    return Source(local_key(text), (text,), purpose, mutable, expand_path(text, config_dir), form)


def _remote(urls: Iterable[str], purpose: str, form: Form, *, key_of: int = 0, mutable: bool = False) -> Source:
    locations = tuple(canonical_url(url) for url in urls)
    return Source(mirror_key(locations[key_of]), locations, purpose, mutable, form=form)


def sources_of_dataset(row: Dataset, config_dir: Path) -> dict[str, Source]:
    """Return the files that a dataset needs, by role.

    Parameters
    ----------
    row
        A row of `datasets.tsv`.
    config_dir
        Folder of the config file.

    Returns
    -------
    dict
        `values` always. `metadata` where the sheet names it, or where the layout has one by accession and no sample
        sheet stands in. `sample_sheet` where named. `platform_map` for probe identifiers. What else the layout has by
        accession.

    Raises
    ------
    StudyError
        When no address follows from the accession, an address is not https, or a path names an unset variable.
    """
    name, layout = row.dataset, LAYOUTS[row.layout]
    sources = {}
    if row.file:
        sources["values"] = _source(row.file, config_dir, f"values of dataset {name}", layout.form)
    if row.metadata:
        sources["metadata"] = _source(row.metadata, config_dir, f"sample metadata of dataset {name}", "metadata")
    if row.sample_sheet:
        sources["sample_sheet"] = _source(row.sample_sheet, config_dir, f"sample sheet of dataset {name}", "table")
    if row.identifiers == "probe":
        purpose = f"probe annotation of dataset {name}"
        sources["platform_map"] = (
            _source(row.platform_map, config_dir, purpose, "platform")
            if row.platform_map
            else _remote(platform_annotation_urls(row.platform), purpose, "platform")
        )
    for role, file in layout.by_accession.items():
        if role not in sources and not (role == "metadata" and row.sample_sheet):
            urls = file.urls(row.accession, row.platform)
            purpose = file.purpose.format(dataset=name)
            sources[role] = _remote(urls, purpose, file.form, key_of=-1 if file.named_by_last else 0)
    return {"values": sources["values"]} | sources


def source_of_gene_set(row: GeneSetRow, config_dir: Path) -> Source:
    """Return the library that a row of `gene_sets.tsv` reads."""
    return _source(
        row.source, config_dir, f"gene-set library, {row.version}", _FORM_OF_SETS[row.format], mutable=row.mutable
    )


def source_of_signatures(declared: ComparatorSignatures, config_dir: Path) -> Source:
    """Return the file of a bridge's comparator signatures."""
    return _source(declared.file, config_dir, "comparator signatures", "numbers")


def source_of_gene_table(row: GeneTableSource, config_dir: Path) -> Source:
    """Return the table of approved symbols."""
    return _source(row.file, config_dir, f"gene table, {row.version}", "table", mutable=row.mutable)


def source_of_published_table(row: PublishedTable, config_dir: Path) -> Source:
    """Return the published table itself."""
    return _source(row.file, config_dir, f"published table {row.table}", "numbers")


def sources_of_published_table(row: PublishedTable, config_dir: Path) -> dict[str, Source]:
    """Return the files that a published table needs: `table`, `platform_map`, and `rival_<GPLnnn>` for each rival.

    Raises
    ------
    StudyError
        When a rival platform map is not written as GPLnnn=path.
    """
    sources = {"table": source_of_published_table(row, config_dir)}
    if row.platform_map:
        sources["platform_map"] = _source(
            row.platform_map, config_dir, f"probe map for the label of {row.table}", "platform"
        )
    for rival in row.rival_platform_maps:
        platform, separator, text = (part.strip() for part in rival.partition("="))
        if not separator or not text or re.fullmatch(r"GPL[0-9]+", platform) is None:
            raise StudyError(
                Problem(
                    "a rival platform map cannot be read",
                    f"published_tables.tsv, table {row.table}, column rival_platform_maps, value {rival!r}",
                    "GPLnnn=path, several separated by commas",
                    "Mend the cell.",
                )
            )
        sources[f"rival_{platform}"] = _source(
            text, config_dir, f"probe map of the rival platform {platform}", "platform"
        )
    return sources


def sources_of_line(row: LineRow, config_dir: Path) -> dict[str, Source]:
    """Return the files that a line of evidence needs: `file`, `universe` where it names a list, and its further roles."""
    form = LAYERS[row.layer].formats[row.format].form
    sources = {"file": _source(row.file, config_dir, f"data of line {row.line}", form)}
    if row.own_universe:
        sources["universe"] = _source(row.own_universe, config_dir, f"universe of line {row.line}", "any")
    for role, text in row.files.items():
        sources[role] = _source(text, config_dir, f"{role} of line {row.line}", "any")
    may_be_missing = row.status == "unverified"
    return {role: replace(source, may_be_missing=may_be_missing) for role, source in sources.items()}


def sources_by_key(sources: Iterable[Source]) -> dict[str, Source]:
    """Return each distinct file once, by key, sorted; a file that several rows use is retrieved once.

    Raises
    ------
    StudyError
        When two rows would keep different files under one key, or disagree on whether a file is mutable.
    """
    chosen: dict[str, Source] = {}
    problems: list[Problem] = []
    for source in sources:
        known = chosen.setdefault(source.key, source)
        shared = set(known.locations) & set(source.locations)
        if not shared or known.local_path != source.local_path:
            problems.append(_clash(known, source, "two different files would be kept under one name"))
        elif known.mutable != source.mutable:
            problems.append(_clash(known, source, "one file is called mutable in one row and fixed in another"))
        else:
            # The fuller list of places to look; and one row that cannot do without it is enough.
            fuller = max(known, source, key=lambda candidate: len(candidate.locations))
            may_be_missing = known.may_be_missing and source.may_be_missing
            chosen[source.key] = replace(fuller, may_be_missing=may_be_missing)
    if problems:
        raise StudyError(problems)
    return dict(sorted(chosen.items()))


def _clash(first: Source, second: Source, what: str) -> Problem:
    return Problem(
        what,
        f"{first.purpose}: {first.locations[0]}; {second.purpose}: {second.locations[0]}",
        "one address or path per file, with one value of mutable",
        "Mend one of the two rows.",
    )
