"""Whatever a server does: bad bytes are never kept, and what can be recovered is recovered.

The table stands in transport_modes.py; here every fault of it is met with one kind of file at least, and
`benchmarks/transport_modes.py` meets all of them with all kinds, and random mixtures.
"""

from __future__ import annotations

import http.client
import os
from collections import Counter
from pathlib import Path

import pytest
from transport_modes import Mode, modes, too_slow, try_all


def chosen() -> dict[str, list[Mode]]:
    """Return the modes to try, by group: every fault, the many error texts with one kind of file each."""
    by_group: dict[str, list[Mode]] = {}
    seen: Counter[str] = Counter()
    everything = modes()
    kinds = Counter(f"{mode.group}: {mode.name}" for mode in everything)
    for mode in (*everything, *too_slow()):
        fault = f"{mode.group}: {mode.name}"
        seen[fault] += 1
        turn = sum(mode.name.encode()) % max(1, kinds[fault]) + 1
        if mode.group != "dressed error" or seen[fault] == turn:
            by_group.setdefault(mode.group, []).append(mode)
    return by_group


CHOSEN = chosen()


def test_the_table_is_as_large_as_promised() -> None:
    assert sum(map(len, CHOSEN.values())) >= 140
    assert {mode.outcome for group in CHOSEN.values() for mode in group} == {"kept", "refused"}


@pytest.mark.parametrize("group", CHOSEN)
def test_bad_bytes_are_never_kept_and_what_can_be_recovered_is(
    group: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        os, "fsync", lambda descriptor: None
    )  # half of the time, and power cuts are not the matter here
    outcomes = try_all(CHOSEN[group], tmp_path)
    assert [str(outcome.mode) for outcome in outcomes if outcome.bad_bytes_kept] == []
    assert [
        f"{outcome.mode} should be {outcome.mode.outcome}: {outcome.fault}" for outcome in outcomes if outcome.fault
    ] == []


@pytest.mark.parametrize(
    "name", ["_close_conn", "_get_chunk_left", "_read_next_chunk_size", "_read_and_discard_trailer"]
)
def test_what_is_put_right_in_http_client_is_still_there(name: str) -> None:
    """A Python that renames one of these would silently read chunks as it likes again."""
    assert callable(getattr(http.client.HTTPResponse, name))
