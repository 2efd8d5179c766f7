"""The lock: the same inputs or a clear stop, the same bytes every time, never simulated and real together."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from records import record_of

from sidemine.errors import RetrievalError
from sidemine.retrieve.lock import check_record, expected_entry, read_lock, update_lock
from sidemine.retrieve.needed_files import Source

REAL = record_of("a.gz", etag='"v1"')
OTHER = replace(REAL, key="h.org/b.gz", url="https://h.org/b.gz", sha256="b" * 64)
LOCAL = replace(REAL, key="local/0/s.tsv", url="../s.tsv", sha256="c" * 64, etag="")
SIMULATED = replace(REAL, url="https://h.org/s.gz", sha256="d" * 64, simulated=True, retrieved="")


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / "inputs.lock.tsv"


def test_a_missing_lock_is_empty(lock: Path) -> None:
    assert read_lock(lock) == {}


def test_the_lock_is_sorted_and_the_same_whatever_the_order(lock: Path) -> None:
    update_lock(lock, [OTHER, LOCAL, REAL])
    first = lock.read_bytes()
    assert first.decode().splitlines()[0] == "url\tsha256\tsize\tretrieved\tetag\tsimulated"
    assert list(read_lock(lock)) == ["../s.tsv", "https://h.org/a.gz", "https://h.org/b.gz"]
    lock.unlink()
    for record in (REAL, OTHER, LOCAL):
        update_lock(lock, [record])
    assert lock.read_bytes() == first


def test_a_later_date_does_not_change_what_is_locked(lock: Path) -> None:
    update_lock(lock, [REAL])
    before = lock.read_bytes(), lock.stat().st_mtime_ns
    records = update_lock(lock, [replace(REAL, retrieved="2030-01-01", etag='"v2"')])
    assert (lock.read_bytes(), lock.stat().st_mtime_ns) == before
    assert records[0].retrieved == "2026-01-01"


def test_a_changed_input_stops_and_leaves_the_lock_alone(lock: Path) -> None:
    update_lock(lock, [REAL, OTHER])
    before = lock.read_bytes()
    changed = [replace(REAL, sha256="e" * 64, retrieved="2026-03-03"), replace(OTHER, sha256="f" * 64)]
    with pytest.raises(RetrievalError, match=r"2 problems(.|\n)*relock=yes") as caught:
        update_lock(lock, changed)
    assert all(digest in str(caught.value) for digest in ("a" * 64, "e" * 64, "b" * 64, "f" * 64))
    assert lock.read_bytes() == before
    with pytest.raises(RetrievalError, match="not the file that the lock records"):
        update_lock(lock, changed, relock={REAL.url})
    update_lock(lock, changed, relock=True)
    assert read_lock(lock)[REAL.url].retrieved == "2026-03-03"


def test_only_named_inputs_are_relocked(lock: Path) -> None:
    update_lock(lock, [REAL, OTHER])
    update_lock(lock, [replace(REAL, sha256="e" * 64), OTHER], relock={REAL.url})
    assert [entry.sha256[0] for entry in read_lock(lock).values()] == ["e", "b"]


def test_a_mutable_source_is_recorded_anew_and_never_refused(lock: Path) -> None:
    moving = replace(REAL, mutable=True)
    update_lock(lock, [moving])
    moved = replace(moving, sha256="e" * 64, retrieved="2026-04-04")
    check_record(moved, read_lock(lock)[REAL.url])
    update_lock(lock, [moved])
    assert read_lock(lock)[REAL.url].retrieved == "2026-04-04"


def test_simulated_and_real_inputs_never_share_a_lock(lock: Path) -> None:
    update_lock(lock, [REAL])
    before = lock.read_bytes()
    with pytest.raises(RetrievalError, match="simulated and real inputs would share one lock"):
        update_lock(lock, [SIMULATED])
    assert lock.read_bytes() == before
    with pytest.raises(RetrievalError, match="locked as real, now simulated"):
        check_record(replace(REAL, simulated=True), read_lock(lock)[REAL.url])


def test_curated_local_files_may_stand_beside_simulated_ones(lock: Path) -> None:
    """Sheets and curated sets are local and carry no mark; a demo needs them too."""
    update_lock(lock, [SIMULATED, LOCAL])
    entries = read_lock(lock)
    assert (entries[SIMULATED.url].retrieved, entries[SIMULATED.url].simulated) == ("", True)


def test_the_lock_finds_a_source_by_any_of_its_addresses(lock: Path) -> None:
    update_lock(lock, [OTHER])
    source = Source("k", (REAL.url, OTHER.url), "values")
    found = expected_entry(read_lock(lock), source)
    assert found is not None
    assert found.url == OTHER.url
    assert expected_entry({}, source) is None


@pytest.mark.parametrize(
    "line",
    [
        "https://h.org/a\tabc\t1\t\t\tno",
        "https://h.org/a\t" + "a" * 64 + "\tmany\t\t\tno",
        "https://h.org/a\t" + "a" * 64 + "\t1\tyesterday\t\tno",
        "https://h.org/a\t" + "a" * 64 + "\t1\t\t\tperhaps",
        "https://h.org/a\t" + "a" * 64,
        "",
        "<<<<<<< ours",
    ],
)
def test_lines_that_cannot_be_read_are_named(lock: Path, line: str) -> None:
    lock.write_text(f"url\tsha256\tsize\tretrieved\tetag\tsimulated\n{line}\n")
    with pytest.raises(RetrievalError, match="line 2 of the input lock cannot be read"):
        read_lock(lock)


def test_a_wrong_header_and_a_doubled_line_are_named(lock: Path) -> None:
    lock.write_text("url,sha256\n")
    with pytest.raises(RetrievalError, match="the header of the input lock cannot be read"):
        read_lock(lock)
    update_lock(lock.with_name("good.tsv"), [REAL])
    text = lock.with_name("good.tsv").read_text()
    lock.write_text(text + text.splitlines()[1] + "\n")
    with pytest.raises(RetrievalError, match="line 3 of the input lock cannot be read"):
        read_lock(lock)


@given(st.text(max_size=30), st.integers(0, 10**15))
def test_any_etag_survives_the_file_or_is_made_harmless(
    tmp_path_factory: pytest.TempPathFactory, etag: str, size: int
) -> None:
    lock = tmp_path_factory.mktemp("lock") / "inputs.lock.tsv"
    try:
        etag.encode("utf-8")
    except UnicodeEncodeError:
        return
    update_lock(lock, [replace(REAL, etag=etag, size=size)])
    assert read_lock(lock)[REAL.url].size == size
    update_lock(lock, [replace(REAL, etag=etag, size=size)])
