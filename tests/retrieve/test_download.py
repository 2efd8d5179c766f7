"""Downloads from a server that misbehaves: only whole, right files are ever kept."""

from __future__ import annotations

import email.utils
import hashlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from scripted_server import Fetcher, Handler, ScriptedServer

from sidemine.errors import RetrievalError
from sidemine.retrieve.addresses import mirror_key
from sidemine.retrieve.connection import new_session
from sidemine.retrieve.download import fetch
from sidemine.retrieve.lock import LockEntry
from sidemine.retrieve.needed_files import Source
from sidemine.retrieve.patience import WHILE_SOMEBODY_WAITS, Pace, Retries, TransferFailed
from sidemine.retrieve.record import InputRecord


def ok(body: bytes, **headers: str) -> Callable[[Handler], None]:
    return lambda handler: handler.reply(200, body, **headers)


def status(code: int, **headers: str) -> Callable[[Handler], None]:
    return lambda handler: handler.reply(code, b"busy", **headers)


def cut(body: bytes, at: int, **headers: str) -> Callable[[Handler], None]:
    """Announce the whole body, send its beginning, hang up."""

    def answer(handler: Handler) -> None:
        handler.reply(200, body[:at], announce=len(body), **headers)
        handler.close_connection = True

    return answer


def resume(body: bytes, etag: str) -> Callable[[Handler], None]:
    """Answer a range request as RFC 9110 says: 206 when the validator still fits, else the whole."""

    def answer(handler: Handler) -> None:
        wanted = handler.headers.get("Range", "")
        if wanted and handler.headers.get("If-Range") == etag:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            handler.reply(206, body[start:], Content_Range=f"bytes {start}-{len(body) - 1}/{len(body)}", ETag=etag)
        else:
            handler.reply(200, body, ETag=etag)

    return answer


def assert_nothing_kept(fetcher: Fetcher, url: str) -> None:
    place = fetcher.place(url)
    assert not place.exists()
    assert not place.with_name(place.name + ".record.json").exists()


def assert_no_trace(fetcher: Fetcher, url: str) -> None:
    assert_nothing_kept(fetcher, url)
    assert not list(fetcher.downloads.rglob("*.part*"))


def test_a_good_file_is_stored_with_its_record(server: ScriptedServer, fetcher: Fetcher, gz: bytes) -> None:
    url = server.on("/a/x.tsv.gz", ok(gz, ETag='"v1"'))
    record = fetcher(url)
    assert fetcher.place(url).read_bytes() == gz
    assert record.sha256 == hashlib.sha256(gz).hexdigest()
    assert (record.size, record.etag, record.retrieved) == (len(gz), '"v1"', "2026-02-03")
    assert (record.simulated, record.mirror, record.urls_tried) == (False, False, (url,))
    assert InputRecord.read(fetcher.place(url)) == record
    assert [path.name for path in sorted(fetcher.place(url).parent.iterdir())] == ["x.tsv.gz", "x.tsv.gz.record.json"]


def test_retry_after_seconds_are_honoured(server: ScriptedServer, fetcher: Fetcher, gz: bytes) -> None:
    url = server.on("/x.gz", status(429, Retry_After="7"), ok(gz))
    fetcher(url)
    assert fetcher.waits == [7.0]


def test_retry_after_date_is_honoured_and_capped(server: ScriptedServer, fetcher: Fetcher, gz: bytes) -> None:
    later = email.utils.format_datetime(datetime.now(UTC) + timedelta(hours=5), usegmt=True)
    url = server.on("/x.gz", status(503, Retry_After=later), ok(gz))
    fetcher(url, retries=Retries(longest_wait=60, pace=Pace(connect=60, stall=60)))
    assert fetcher.waits == [60.0]


def test_back_off_grows_and_ends_with_the_address_to_fetch_by_hand(server: ScriptedServer, fetcher: Fetcher) -> None:
    url = server.on("/x.gz", status(503))
    with pytest.raises(RetrievalError, match="answers 503") as caught:
        fetcher(url)
    assert len(server.requests) == 6
    assert fetcher.waits == sorted(fetcher.waits)
    assert fetcher.waits[-1] > 10
    problem = caught.value.problems[0]
    assert url in problem.next_step
    assert str(fetcher.downloads / "by_hand") in problem.next_step
    assert_nothing_kept(fetcher, url)


def test_who_waits_for_a_command_is_told_within_seconds(server: ScriptedServer, fetcher: Fetcher) -> None:
    url = server.on("/x.gz", status(503))
    with pytest.raises(RetrievalError, match="answers 503"):
        fetcher(url, retries=WHILE_SOMEBODY_WAITS)
    assert len(server.requests) == 2
    assert sum(fetcher.waits) < 3


def test_the_next_address_is_tried_only_when_one_is_absent(server: ScriptedServer, fetcher: Fetcher, gz: bytes) -> None:
    second = server.on("/second.gz", ok(gz))
    record = fetcher(f"{server.base}/absent.gz", second)
    assert record.url == second
    assert record.urls_tried == (f"{server.base}/absent.gz", second)
    busy = server.on("/busy.gz", status(500))
    with pytest.raises(RetrievalError, match="answers 500"):
        fetcher(busy, second)


def test_all_absent_names_every_address(server: ScriptedServer, fetcher: Fetcher) -> None:
    with pytest.raises(RetrievalError, match=r"one\.gz: the server answers 404(.|\n)*two\.gz: the server answers 404"):
        fetcher(f"{server.base}/one.gz", f"{server.base}/two.gz")
    assert fetcher.waits == []


def test_a_broken_transfer_is_resumed_where_it_broke(server: ScriptedServer, fetcher: Fetcher, gz: bytes) -> None:
    url = server.on("/x.gz", cut(gz, 70_000, ETag='"v1"'), resume(gz, '"v1"'))
    fetcher(url)
    assert fetcher.place(url).read_bytes() == gz
    assert server.requests[1][1]["Range"] == "bytes=70000-"
    assert server.requests[1][1]["If-Range"] == '"v1"'


def test_a_later_run_takes_up_what_an_earlier_one_left(server: ScriptedServer, fetcher: Fetcher, gz: bytes) -> None:
    url = server.on("/x.gz", cut(gz, 70_000, ETag='"v1"'), status(403))
    with pytest.raises(RetrievalError, match="answers 403"):
        fetcher(url)
    assert_nothing_kept(fetcher, url)
    server.on("/x.gz", resume(gz, '"v1"'))
    fetcher(url)
    assert server.requests[-1][1]["Range"] == "bytes=70000-"
    assert fetcher.place(url).read_bytes() == gz


def test_a_changed_file_is_not_glued_to_the_old_beginning(server: ScriptedServer, fetcher: Fetcher, gz: bytes) -> None:
    old = bytes(reversed(gz))
    url = server.on("/x.gz", cut(b"\x1f\x8b" + old, 70_000, ETag='"v1"'), resume(gz, '"v2"'))
    record = fetcher(url)
    assert fetcher.place(url).read_bytes() == gz
    assert record.etag == '"v2"'


def test_a_weak_etag_is_no_ground_to_resume(server: ScriptedServer, fetcher: Fetcher, gz: bytes) -> None:
    url = server.on("/x.gz", cut(gz, 70_000, ETag='W/"v1"'), ok(gz))
    fetcher(url)
    assert "Range" not in server.requests[1][1]


def test_a_server_that_cannot_resume_starts_anew(server: ScriptedServer, fetcher: Fetcher, gz: bytes) -> None:
    url = server.on("/x.gz", cut(gz, 70_000, ETag='"v1"'), status(416), ok(gz))
    fetcher(url)
    assert fetcher.place(url).read_bytes() == gz


def test_resuming_at_another_place_than_asked_starts_anew(server: ScriptedServer, fetcher: Fetcher, gz: bytes) -> None:
    def elsewhere(handler: Handler) -> None:
        handler.reply(206, gz[5:], Content_Range=f"bytes 5-{len(gz) - 1}/{len(gz)}", ETag='"v1"')

    url = server.on("/x.gz", cut(gz, 70_000, ETag='"v1"'), elsewhere, ok(gz))
    fetcher(url)
    assert fetcher.place(url).read_bytes() == gz


def test_a_body_that_always_ends_early_is_never_kept(server: ScriptedServer, fetcher: Fetcher, gz: bytes) -> None:
    url = server.on("/x.gz", cut(gz, 70_000))
    with pytest.raises(RetrievalError, match=r"IncompleteRead|broke off"):
        fetcher(url)
    assert_nothing_kept(fetcher, url)
    assert len(server.requests) <= 8


def test_a_content_length_that_is_too_short_is_never_kept(server: ScriptedServer, fetcher: Fetcher, gz: bytes) -> None:
    url = server.on("/x.gz", lambda handler: handler.reply(200, gz, announce=len(gz) - 100))
    with pytest.raises(RetrievalError, match="more bytes than it announced"):
        fetcher(url)
    assert_no_trace(fetcher, url)


def test_a_body_of_unknown_length_cut_inside_gzip_is_never_kept(
    server: ScriptedServer, fetcher: Fetcher, gz: bytes
) -> None:
    def answer(handler: Handler) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(gz[:-10])

    url = server.on("/x.gz", answer)
    with pytest.raises(RetrievalError, match="damaged or cut short"):
        fetcher(url)
    assert_no_trace(fetcher, url)


@pytest.mark.parametrize(
    "page",
    [
        b"<!DOCTYPE html><html><body>Not found</body></html>",
        b"\xef\xbb\xbf\n <HTML><head></head></HTML>",
        b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>',
    ],
)
@pytest.mark.parametrize("name", ["/x.tsv", "/x.gz", "/x"])
def test_a_page_served_with_status_200_is_never_stored(
    server: ScriptedServer, fetcher: Fetcher, page: bytes, name: str
) -> None:
    url = server.on(name, ok(page))
    with pytest.raises(RetrievalError, match=r"the server sent an (HTML page|XML document) with status 200"):
        fetcher(url)
    assert_no_trace(fetcher, url)


def test_a_gzipped_page_is_never_stored(server: ScriptedServer, fetcher: Fetcher) -> None:
    import gzip

    url = server.on("/x.gz", ok(gzip.compress(b"<!doctype html><html></html>")))
    with pytest.raises(RetrievalError, match="it is an HTML page"):
        fetcher(url)
    assert_no_trace(fetcher, url)


def test_a_redirect_to_http_is_refused(server: ScriptedServer, fetcher: Fetcher) -> None:
    url = server.on("/x.gz", lambda handler: handler.reply(302, Location="http://example.org/x.gz"))
    with pytest.raises(RetrievalError, match=r"redirects to an address that is not https \(http://example.org"):
        fetcher(url)


def test_redirects_are_followed_but_not_for_ever(server: ScriptedServer, fetcher: Fetcher, gz: bytes) -> None:
    server.on("/there.gz", ok(gz))
    url = server.on("/x.gz", lambda handler: handler.reply(302, Location="/there.gz"))
    assert fetcher(url).url == url
    circle = server.on("/circle.gz", lambda handler: handler.reply(302, Location="/circle.gz"))
    with pytest.raises(RetrievalError, match="more than 10 redirects"):
        fetcher(circle)


def test_plain_http_is_refused_unless_a_test_allows_it(server: ScriptedServer, fetcher: Fetcher, gz: bytes) -> None:
    url = server.on("/x.gz", ok(gz))
    with pytest.raises(RetrievalError, match="the address is not https"):
        fetcher(url, allow_loopback_http=False)
    assert server.requests == []


def test_an_announced_giant_is_refused_before_it_comes(server: ScriptedServer, fetcher: Fetcher) -> None:
    url = server.on("/x.tsv", lambda handler: handler.reply(200, b"a\tb\n", announce=10**12))
    with pytest.raises(
        RetrievalError, match=r"1,000,000,000,000 bytes or more, the limit \(settings.max_download_gb\)"
    ):
        fetcher(url)
    assert_no_trace(fetcher, url)


def test_an_endless_body_is_cut_off(server: ScriptedServer, fetcher: Fetcher) -> None:
    def endless(handler: Handler) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            while True:
                handler.wfile.write(b"a\tb\n" * 50_000)
        except OSError:
            handler.close_connection = True

    url = server.on("/x.tsv", endless)
    with pytest.raises(RetrievalError, match="the limit"):
        fetcher(url, max_bytes=1_000_000)
    assert_no_trace(fetcher, url)


def test_a_server_that_falls_silent_is_left(server: ScriptedServer, fetcher: Fetcher, gz: bytes) -> None:
    def silent(handler: Handler) -> None:
        handler.connection.settimeout(None)
        handler.rfile.read(1)  # until the client hangs up
        handler.close_connection = True

    url = server.on("/x.gz", silent, ok(gz))
    fetcher(url, retries=Retries(pace=Pace(connect=60, stall=1)))
    assert fetcher.waits  # on a busy machine the second answer may be late, too


def test_a_refused_connection_is_told(fetcher: Fetcher) -> None:
    with pytest.raises(RetrievalError, match=r"the connection failed \(.*refused\)"):
        fetcher("http://127.0.0.1:9/x.gz")
    assert len(fetcher.waits) == 5


@pytest.mark.parametrize("name", ["x.tsv.gz", "x.zip", "x.tar", "x.h5ad"])
def test_a_text_under_the_name_of_another_kind_is_refused(server: ScriptedServer, fetcher: Fetcher, name: str) -> None:
    url = server.on(f"/{name}", ok(b"gene\tvalue\n"))
    with pytest.raises(RetrievalError, match=r"its name promises (gzip|zip|tar|HDF5)"):
        fetcher(url)
    assert_no_trace(fetcher, url)


def test_an_empty_file_is_refused(server: ScriptedServer, fetcher: Fetcher) -> None:
    url = server.on("/x.tsv", ok(b""))
    with pytest.raises(RetrievalError, match="the file is empty"):
        fetcher(url)


def test_a_gz_file_called_encoded_stays_as_it_is(server: ScriptedServer, fetcher: Fetcher, gz: bytes) -> None:
    url = server.on("/x.tsv.gz", ok(gz, Content_Encoding="x-gzip"))
    fetcher(url)
    assert fetcher.place(url).read_bytes() == gz


def test_a_text_compressed_for_the_way_is_unpacked(server: ScriptedServer, fetcher: Fetcher, gz: bytes) -> None:
    import gzip

    url = server.on("/x.tsv", ok(gz, Content_Encoding="gzip"))
    fetcher(url)
    assert fetcher.place(url).read_bytes() == gzip.decompress(gz)


def entry(url: str, body: bytes, **changes: object) -> LockEntry:
    values: dict[str, object] = {
        "url": url,
        "sha256": hashlib.sha256(body).hexdigest(),
        "size": len(body),
        "retrieved": "2025-05-05",
        "etag": "",
        "simulated": False,
        **changes,
    }
    return LockEntry(**values)  # type: ignore[arg-type]


def test_a_file_that_is_not_the_locked_one_stops_with_old_and_new(
    server: ScriptedServer, fetcher: Fetcher, gz: bytes
) -> None:
    url = server.on("/x.gz", ok(gz))
    locked = entry(url, b"other")
    with pytest.raises(RetrievalError, match="not the file that the lock records") as caught:
        fetcher(url, lock={url: locked})
    text = str(caught.value)
    assert locked.sha256 in text
    assert hashlib.sha256(gz).hexdigest() in text
    assert "--config relock=yes" in text
    assert_no_trace(fetcher, url)
    assert fetcher(url, lock={url: locked}, relock=True).retrieved == "2026-02-03"


def test_the_date_of_the_lock_is_kept(server: ScriptedServer, fetcher: Fetcher, gz: bytes) -> None:
    url = server.on("/x.gz", ok(gz))
    assert fetcher(url, lock={url: entry(url, gz)}).retrieved == "2025-05-05"
    assert fetcher(url, lock={url: entry(url, gz)}, relock=True).retrieved == "2025-05-05"


def test_the_locked_address_is_tried_first(server: ScriptedServer, fetcher: Fetcher, gz: bytes) -> None:
    first, second = server.on("/first.gz", ok(b"wrong")), server.on("/second.gz", ok(gz))
    record = fetcher(first, second, lock={second: entry(second, gz)})
    assert record.url == second
    assert [path for path, _ in server.requests] == ["/second.gz"]


def test_a_mutable_source_may_change_and_is_cached_by_content(
    server: ScriptedServer, fetcher: Fetcher, gz: bytes
) -> None:
    url = server.on("/current/x.gz", ok(gz))
    record = fetcher(url, mutable=True, lock={url: entry(url, b"old")})
    assert record.mutable
    cached = fetcher.downloads / "by_sha256" / record.sha256[:2] / record.sha256
    assert cached.read_bytes() == gz
    # Once its content is locked and cached, a moving address is not asked again.
    before = len(server.requests)
    again = fetcher(url, mutable=True, lock={url: entry(url, gz)})
    assert (again.sha256, len(server.requests)) == (record.sha256, before)
    server.on("/current/x.gz", ok(gz))
    fetcher(url, mutable=True, lock={url: entry(url, gz)}, relock=True)
    assert len(server.requests) == before + 1


def test_a_simulated_file_has_the_mark_and_no_date(server: ScriptedServer, fetcher: Fetcher) -> None:
    url = server.on("/x.tsv", ok(b"# SIDEMINE-SIMULATED\ngene\tvalue\n"))
    record = fetcher(url)
    assert (record.simulated, record.retrieved) == (True, "")
    real = server.on("/y.tsv", ok(b"gene\tvalue\n"))
    with pytest.raises(RetrievalError, match="simulated and real inputs"):
        fetcher(real, lock={real: entry(real, b"gene\tvalue\n", simulated=True)})


def test_the_mirror_serves_and_the_network_is_not_tried(
    server: ScriptedServer, fetcher: Fetcher, gz: bytes, tmp_path: Path
) -> None:
    mirror = tmp_path / "mirror"
    first, second = "https://zenodo.org/a/x.gz?download=1", "https://zenodo.org/a/y.gz"
    (mirror / "zenodo.org/a").mkdir(parents=True)
    (mirror / "zenodo.org/a/y.gz").write_bytes(gz)
    record = fetcher(first, second, mirror=mirror)
    assert (record.url, record.mirror) == (second, True)
    assert (fetcher.downloads / "zenodo.org/a/x.gz").read_bytes() == gz
    with pytest.raises(RetrievalError, match="the mirror does not have an input") as caught:
        fetcher(first, mirror=mirror)
    assert first in str(caught.value)
    assert str(mirror / "zenodo.org/a/x.gz") in str(caught.value)
    assert server.requests == []


def test_a_missing_mirror_folder_is_told(fetcher: Fetcher, tmp_path: Path) -> None:
    with pytest.raises(RetrievalError, match="itself does not exist"):
        fetcher("https://zenodo.org/a/x.gz", mirror=tmp_path / "nowhere")


def test_a_damaged_file_in_the_mirror_is_named(fetcher: Fetcher, gz: bytes, tmp_path: Path) -> None:
    mirror = tmp_path / "mirror" / "h.org"
    mirror.mkdir(parents=True)
    (mirror / "x.gz").write_bytes(gz[:-9])
    with pytest.raises(RetrievalError, match=r"served by the mirror: .*mirror/h\.org/x\.gz"):
        fetcher("https://h.org/x.gz", mirror=tmp_path / "mirror")
    assert_no_trace(fetcher, "https://h.org/x.gz")


def test_a_file_put_there_by_hand_is_taken_after_the_same_checks(fetcher: Fetcher, gz: bytes) -> None:
    url = "https://h.org/x.gz"
    hand = fetcher.downloads / "by_hand" / "h.org" / "x.gz"
    hand.parent.mkdir(parents=True)
    hand.write_bytes(gz[:-9])
    with pytest.raises(RetrievalError, match="put there by hand"):
        fetcher(url)
    hand.write_bytes(gz)
    record = fetcher(url)
    assert (record.by_hand, record.url, fetcher.place(url).read_bytes()) == (True, url, gz)


def test_a_local_file_is_copied_and_recorded_as_written(tmp_path: Path) -> None:
    data = tmp_path / "counts.tsv"
    data.write_text("gene\ts1\nSTAT1\t5\n")
    source = Source("local/01234567/counts.tsv", ("../counts.tsv",), "values", local_path=data)
    place = tmp_path / "downloads" / "s" / source.key
    record = fetch(source, place, max_bytes=10**6, today=lambda: "2026-02-03")
    assert (record.url, record.mirror) == ("../counts.tsv", False)
    assert place.read_text() == data.read_text()
    with pytest.raises(RetrievalError, match="has 16 bytes"):
        fetch(source, place, max_bytes=3)


def test_a_missing_local_file_and_a_folder_are_told(tmp_path: Path) -> None:
    for name, words in (("nowhere.tsv", "does not exist"), (".", "is a folder")):
        source = Source("local/0/x", (name,), "values", local_path=tmp_path / name)
        with pytest.raises(RetrievalError, match=words):
            fetch(source, tmp_path / "d" / "local/0/x", max_bytes=10**6)


def test_the_record_is_the_same_bytes_on_every_run(server: ScriptedServer, fetcher: Fetcher, gz: bytes) -> None:
    url = server.on("/x.gz", ok(gz, ETag='"v1"'))
    record = fetcher(url)
    path = fetcher.place(url).with_name("x.gz.record.json")
    first = path.read_bytes()
    fetcher(url, lock={url: entry(url, gz, retrieved="2026-02-03")}, today=lambda: "2030-01-01")
    assert path.read_bytes() == first
    assert json.loads(first)["key"] == record.key


def test_a_missing_record_is_told(tmp_path: Path) -> None:
    with pytest.raises(RetrievalError, match="record of an input is missing"):
        InputRecord.read(tmp_path / "x.gz")


def test_a_full_disk_is_not_mistaken_for_a_bad_network(
    server: ScriptedServer, fetcher: Fetcher, gz: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sidemine.retrieve import transfer

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    url = server.on("/x.gz", ok(gz))
    with monkeypatch.context() as patch:
        patch.setattr(transfer.os, "fsync", full)
        with pytest.raises(RetrievalError, match="the disk is full") as caught:
            fetcher(url)
    assert (fetcher.waits, caught.value.problems[0].next_step[:9]) == ([], "Make room")
    assert_nothing_kept(fetcher, url)
    fetcher(url)
    assert fetcher.place(url).read_bytes() == gz


def test_a_limit_of_file_sizes_is_told_and_what_came_is_resumed(
    server: ScriptedServer, fetcher: Fetcher, gz: bytes
) -> None:
    """In a process of its own that may write 100 kB per file: a real refusal of the system, in the middle of a file."""
    url = server.on("/x.gz", ok(gz, ETag='"v1"'), resume(gz, '"v1"'))
    code = (
        "import resource, sys; from pathlib import Path\n"
        "from sidemine.errors import RetrievalError\n"
        "from sidemine.retrieve.download import fetch; from sidemine.retrieve.needed_files import Source\n"
        "source = Source(sys.argv[2], (sys.argv[1],), 'values')\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "try: fetch(source, Path(sys.argv[3]), max_bytes=10**7, allow_loopback_http=True)\n"
        "except RetrievalError as error: print(error)"
    )
    environment = {**os.environ, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    command = [sys.executable, "-c", code, url, mirror_key(url), str(fetcher.place(url))]
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    assert "larger than this system or its limits allow" in told
    assert "next:" in told
    assert_nothing_kept(fetcher, url)
    fetcher(url)
    assert server.requests[-1][1]["Range"] == "bytes=100000-"
    assert fetcher.place(url).read_bytes() == gz


def test_a_file_in_place_of_the_downloads_folder_is_told(server: ScriptedServer, fetcher: Fetcher, gz: bytes) -> None:
    url = server.on("/x.gz", ok(gz))
    fetcher.downloads.parent.mkdir(parents=True, exist_ok=True)
    fetcher.downloads.write_text("a file")
    with pytest.raises(RetrievalError, match="a file stands where a folder is needed"):
        fetcher(url)


def test_a_folder_that_cannot_be_written_is_told(
    server: ScriptedServer, fetcher: Fetcher, gz: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The superuser may write anywhere, so the system's answer is played."""

    def refuse(*arguments: object, **options: object) -> None:
        raise PermissionError(13, "Permission denied", "/downloads/x.gz.part")

    monkeypatch.setattr(Path, "mkdir", refuse)
    url = server.on("/x.gz", ok(gz))
    with pytest.raises(RetrievalError, match=r"cannot be written(.|\n)*/downloads/x\.gz\.part"):
        fetcher(url)


def test_progress_is_silent_in_logs_and_shown_on_a_terminal(
    server: ScriptedServer,
    fetcher: Fetcher,
    gz: bytes,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = server.on("/x.gz", ok(gz))
    fetcher(url, progress=True)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    fetcher(url, progress=True)
    assert "x.gz: 0.3 of 0.3 MB (100 %)" in capsys.readouterr().err


def test_a_killed_process_leaves_nothing_half_done(server: ScriptedServer, fetcher: Fetcher, gz: bytes) -> None:
    """After kill -9 in mid-transfer the same call takes up what came, and the file is right."""

    def stall(handler: Handler) -> None:
        cut(gz, 131_072, ETag='"v1"')(handler)
        handler.wfile.flush()
        stalled.wait(20)

    stalled = threading.Event()
    url = server.on("/x.gz", stall, resume(gz, '"v1"'))
    place = fetcher.place(url)
    code = (
        "import sys; from pathlib import Path\n"
        "from sidemine.retrieve.download import fetch; from sidemine.retrieve.needed_files import Source\n"
        "source = Source(sys.argv[2], (sys.argv[1],), 'values')\n"
        "fetch(source, Path(sys.argv[3]), max_bytes=10**7, allow_loopback_http=True)"
    )
    environment = {**os.environ, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    victim = subprocess.Popen([sys.executable, "-c", code, url, mirror_key(url), str(place)], env=environment)
    part = place.with_name(place.name + ".part")
    deadline = time.monotonic() + 300
    while not (part.exists() and part.stat().st_size) and time.monotonic() < deadline:
        time.sleep(0.01)
    victim.kill()
    victim.wait()
    stalled.set()
    assert_nothing_kept(fetcher, url)
    came = part.stat().st_size
    assert came > 0
    fetcher(url)
    assert server.requests[-1][1]["Range"] == f"bytes={came}-"
    assert place.read_bytes() == gz
    assert_nothing_partial(place)


def assert_nothing_partial(place: Path) -> None:
    assert sorted(path.name for path in place.parent.iterdir()) == [place.name, place.name + ".record.json"]


def test_our_own_session_says_who_asks() -> None:
    with new_session() as session:
        assert str(session.headers["User-Agent"]).startswith("sidemine/")
        assert session.headers["Accept-Encoding"] == "identity"
    assert issubclass(TransferFailed, Exception)
