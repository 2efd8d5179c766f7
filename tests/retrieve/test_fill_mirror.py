"""`sidemine fetch`: a mirror that a run without network can be trusted with."""

from __future__ import annotations

import errno
import fcntl
import gzip
import shutil
from pathlib import Path

import pytest
from scripted_server import Fetcher
from test_download import cut, ok, resume, status

from sidemine.cli import main
from sidemine.errors import RetrievalError
from sidemine.fetch_study import fetch_study
from sidemine.retrieve.addresses import mirror_key
from sidemine.retrieve.download import fetch
from sidemine.retrieve.fill_mirror import Filled, fill_mirror
from sidemine.retrieve.lock import LockEntry
from sidemine.retrieve.needed_files import Source
from sidemine.retrieve.patience import Pace, Retries
from sidemine.retrieve.record import InputRecord
from sidemine.simulate.studies import write_planted
from sidemine.study.load import load_study


def source_of(*urls: str, **more: object) -> Source:
    return Source(mirror_key(urls[0]), urls, f"values of {urls[0][-1]}", **more)  # type: ignore[arg-type]


def fill(mirror: Path, fetcher: Fetcher, *sources: Source, **more: object) -> list[Filled]:
    given: dict[str, object] = {
        "max_bytes": 10_000_000,
        "lock": {},
        "session": fetcher.session,
        "retries": Retries(pace=Pace(connect=60, stall=60), longest_wait=0),
        "allow_loopback_http": True,
        **more,
    }
    return list(fill_mirror(sources, mirror, **given))  # type: ignore[arg-type]


def run_from(mirror: Path, source: Source, tmp_path: Path, **more: object) -> InputRecord:
    """Retrieve as a run does that has the mirror and no network."""
    return fetch(source, tmp_path / "run" / source.key, max_bytes=10_000_000, mirror=mirror, **more)  # type: ignore[arg-type]


def test_a_run_from_the_mirror_records_what_the_network_gave(server, fetcher, gz, tmp_path):
    """Address, date and tag are those of the fetch, not of the copy: pages of both machines are the same."""
    first, second = server.base + "/gone.tsv.gz", server.on("/there.tsv.gz", ok(gz, ETag='"one"'))
    source = source_of(first, second)
    mirror = tmp_path / "mirror"
    (filled,) = fill(mirror, fetcher, source)
    assert (filled.state, filled.problems) == ("fetched", ())
    assert {path.name for path in mirror.iterdir()} == {mirror_key(second).split("/")[0]}
    server.answers.clear()
    record = run_from(mirror, source, tmp_path, today=lambda: "2099-01-01")
    assert filled.record
    for name in ("url", "urls_tried", "sha256", "size", "etag", "retrieved", "simulated"):
        assert getattr(record, name) == getattr(filled.record, name)
    assert record.etag == '"one"'


def test_what_is_whole_stays_and_what_was_damaged_is_fetched_again(server, fetcher, gz, tmp_path):
    whole, damaged = (source_of(server.on(f"/{name}.tsv.gz", ok(gz))) for name in "ab")
    mirror = tmp_path / "mirror"
    fill(mirror, fetcher, whole, damaged)
    place = mirror / damaged.key
    place.write_bytes(gzip.compress(b"A\tB\n1\t2\n"))
    with pytest.raises(RetrievalError, match="not the file that was fetched into the mirror"):
        run_from(mirror, damaged, tmp_path)
    server.requests.clear()
    assert [one.state for one in fill(mirror, fetcher, whole, damaged)] == ["already there", "fetched"]
    assert [path for path, _ in server.requests] == ["/b.tsv.gz"]
    assert place.read_bytes() == gz


def test_all_failures_are_told_and_a_broken_transfer_goes_on(server, fetcher, gz, tmp_path):
    half = len(gz) // 2
    server.on("/broken.tsv.gz", cut(gz, half, ETag='"e"'), status(403), resume(gz, '"e"'))
    sources = [source_of(server.base + path) for path in ("/broken.tsv.gz", "/missing.tsv.gz", "/fine.tsv.gz")]
    server.on("/fine.tsv.gz", ok(gz))
    mirror = tmp_path / "mirror"
    states = {one.source.key: one for one in fill(mirror, fetcher, *sources)}
    assert [states[source.key].state for source in sources] == ["failed", "failed", "fetched"]
    assert "403" in str(states[sources[0].key].problems[0])
    assert "/missing.tsv.gz: " in str(states[sources[1].key].problems[0])
    server.requests.clear()
    assert fill(mirror, fetcher, sources[0])[0].state == "fetched"
    assert [sent.get("Range") for _, sent in server.requests] == [f"bytes={half}-"]
    assert (mirror / sources[0].key).read_bytes() == gz


def test_a_file_that_differs_from_the_lock_is_kept_and_told(server, fetcher, gz, tmp_path):
    source = source_of(server.on("/a.tsv.gz", ok(gz)))
    locked = LockEntry(source.locations[0], "0" * 64, 7, "2026-01-01", "", simulated=False)
    for state in ("fetched", "already there"):
        (filled,) = fill(tmp_path, fetcher, source, lock={locked.url: locked})
        assert filled.state == state
        assert "relock=yes" in str(filled.problems[0])


def test_a_file_that_was_put_there_by_hand_is_judged(server, fetcher, gz, tmp_path):
    good, page = source_of(server.base + "/a.tsv.gz"), source_of(server.base + "/b.tsv.gz")
    for source, content in ((good, gz), (page, b"<!DOCTYPE html><html><body>Sign in</body></html>")):
        (tmp_path / source.key).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / source.key).write_bytes(content)
    assert [one.state for one in fill(tmp_path, fetcher, good, page)] == ["fetched", "failed"]
    assert fill(tmp_path, fetcher, good)[0].state == "already there"
    assert server.requests == []


def test_what_stands_in_the_way_of_one_file_stops_no_other(server, fetcher, gz, tmp_path):
    """A folder or a file where the mirror needs the other: told with its place, beside the other problems."""
    sources = [source_of(server.on(f"/{path}.tsv.gz", ok(gz))) for path in ("a", "b/c", "d")]
    (tmp_path / sources[0].key / "x").mkdir(parents=True)
    (tmp_path / sources[1].key).parent.write_text("a file")
    filled = fill(tmp_path, fetcher, *sources)
    assert [one.state for one in filled] == ["failed", "failed", "fetched"]
    for one, what in zip(filled, ("a folder stands where a file", "a file stands where a folder"), strict=False):
        assert what in str(one.problems[0])
        assert str(tmp_path / Path(one.source.key).parent) in one.problems[0].where


def test_a_full_disk_is_named_by_the_folder_that_is_full(tmp_path, monkeypatch):
    """Not by the file that was copied from, and no key of a run is blamed in a fetch."""
    source = source_of("https://host.org/a.tsv")
    (tmp_path / "origin" / source.key).parent.mkdir(parents=True)
    (tmp_path / "origin" / source.key).write_text("GENE\tA\nX\t1\n")

    def copyfile(here: Path, there: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(here), None, str(there))

    monkeypatch.setattr(shutil, "copyfile", copyfile)
    (filled,) = fill_mirror([source], tmp_path / "mirror", max_bytes=1000, lock={}, origin=tmp_path / "origin")
    assert "the disk is full" in filled.problems[0].what
    assert str(tmp_path / "mirror") in filled.problems[0].where
    assert "--to FOLDER" in filled.problems[0].next_step


def test_two_at_a_time_do_not_fill_one_mirror(server, fetcher, gz, tmp_path):
    source = source_of(server.on("/a.tsv.gz", ok(gz)))
    (tmp_path / ".fetching").mkdir()
    with (tmp_path / ".fetching" / ".lock").open("a") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(RetrievalError, match="being filled already"):
            fill(tmp_path, fetcher, source)


def test_the_command_fills_a_mirror_of_a_study_and_says_what_it_left_out(tmp_path, capsys):
    """A study that has a mirror is copied from it, as its runs are."""
    write_planted("null", tmp_path / "my study", 11)
    config = tmp_path / "my study" / "config.yaml"
    sheet = config.with_name("gene_sets.tsv")
    names, *rows = [line.split("\t") for line in sheet.read_text().splitlines()]
    licensed = ["LICENSED" if name == "gene_set" else value for name, value in zip(names, rows[0], strict=True)]
    rows = [[*names, "opt_in"], *([*row, "no"] for row in rows), [*licensed, "yes"]]
    sheet.write_text("".join("\t".join(row) + "\n" for row in rows))
    mirror = tmp_path / "my mirror"
    assert main(["fetch", str(tmp_path / "my study"), "--to", str(mirror)]) == 0
    told = capsys.readouterr().out
    assert "gene set LICENSED" in told
    assert f"sidemine run '{tmp_path / 'my study'}' --config mirror='/path/to/my mirror'" in told
    study = load_study(config, {"mirror": str(mirror)})
    again: list[str] = []
    assert fetch_study(study, mirror, again.append) == []
    assert all("already there" in line for line in again if line.startswith("["))
    assert main(["fetch", str(tmp_path / "my study"), "--to", str(sheet)]) == 1
