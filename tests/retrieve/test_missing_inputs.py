"""What only unverified rows of `lines.tsv` name may be missing: the study goes on, says so, and looks again in the next run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sidemine.engine.local_files import origin_of
from sidemine.errors import RetrievalError
from sidemine.retrieve.download import fetch
from sidemine.retrieve.lock import LockEntry, read_lock, update_lock
from sidemine.retrieve.needed_files import Source, sources_by_key
from sidemine.retrieve.record import record_path
from sidemine.retrieve.refusal import forget_missing_inputs, why_missing

LARGE = 10**9


def source(folder: Path, *, may_be_missing: bool = True) -> Source:
    """Return the source of a local file that is not there."""
    return Source("local/x.tsv", ("x.tsv",), "data of line g", False, folder / "x.tsv", "any", may_be_missing)


def test_an_empty_file_stands_for_what_is_missing_until_it_is_there(tmp_path: Path) -> None:
    declared, place = source(tmp_path), tmp_path / "downloads" / "local" / "x.tsv"
    assert origin_of(declared, None) == []  # Snakemake would ask for it
    record = fetch(declared, place, max_bytes=LARGE)
    assert record.missing == "x.tsv is not there"
    assert (place.read_bytes(), why_missing(place)) == (b"", "x.tsv is not there")
    lock = tmp_path / "inputs.lock.tsv"
    assert update_lock(lock, [record]) == []
    assert read_lock(lock) == {}
    forget_missing_inputs(tmp_path / "downloads", [declared.key])
    assert not place.exists()
    assert not record_path(place).exists()
    (tmp_path / "x.tsv").write_text("gene\tp\n")
    assert len(origin_of(declared, None)) == 1
    assert fetch(declared, place, max_bytes=LARGE).missing is None
    forget_missing_inputs(tmp_path / "downloads", [declared.key])
    assert place.read_text() == "gene\tp\n"


def test_what_the_lock_knows_or_a_verified_row_names_stops_the_run(tmp_path: Path) -> None:
    declared, place = source(tmp_path), tmp_path / "downloads" / "local" / "x.tsv"
    locked = {"x.tsv": LockEntry("x.tsv", "0" * 64, 5, "2026-01-01", "", False)}
    with pytest.raises(RetrievalError, match="does not exist"):
        fetch(declared, place, max_bytes=LARGE, lock=locked)
    needed = source(tmp_path, may_be_missing=False)
    with pytest.raises(RetrievalError, match="does not exist"):
        fetch(needed, place, max_bytes=LARGE)
    assert not place.exists()
    assert len(origin_of(needed, None)) == 1
    assert [each.may_be_missing for each in sources_by_key([declared, needed]).values()] == [False]
    assert [each.may_be_missing for each in sources_by_key([declared, declared]).values()] == [True]


def test_a_mirror_may_lack_it(tmp_path: Path) -> None:
    declared = replace(source(tmp_path), locations=("https://example.org/x.tsv",), local_path=None)
    record = fetch(declared, tmp_path / "downloads" / "local" / "x.tsv", mirror=tmp_path, max_bytes=LARGE)
    assert record.missing == "the mirror does not have https://example.org/x.tsv"
    assert str(tmp_path) not in str(record)  # it stands on the page, which is the same on every machine
