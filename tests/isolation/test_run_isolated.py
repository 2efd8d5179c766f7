"""A reader's process may crash, eat memory or run for ever: the user reads four parts about the file."""

from __future__ import annotations

import atexit
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import bad_readers
import numpy as np
import pandas as pd
import pytest

from sidemine.engine.warm_process import stand_by
from sidemine.errors import InputError
from sidemine.isolation import Limits, run_isolated
from sidemine.warm_job import READERS

SMALL = Limits(memory=300_000_000, cpu_seconds=1)


@pytest.fixture(autouse=True, scope="module", params=["a process of its own", "a fork"])
def _a_reader_has(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let children find the readers; in a run they are forks of a process that stands by."""
    ends: list[Callable[[], object]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parent))
        patch.setenv(READERS, "")
        if request.param == "a fork":
            patch.setattr(atexit, "register", ends.append)  # it would end with the tests
            stand_by()
        yield
    for end in ends:
        end()


def test_one_reader_after_another_is_a_fork_where_a_process_stands_by(tmp_path: Path) -> None:
    """The parent of two readers is the same one, and not this process; elsewhere it is this one."""
    parents = [_run(bad_readers.tell_parent, tmp_path / "f") for _ in range(2)]
    assert parents[0] == parents[1]
    assert (parents[0] == os.getpid()) == (not os.environ[READERS])


def _run(function: Any, path: Path, *arguments: Any, **options: Any) -> Any:
    return run_isolated(function, *(arguments or (path,)), where=path, **({"limits": SMALL} | options))


def test_what_a_reader_returns_arrives_with_its_types(tmp_path: Path) -> None:
    """Tables of text, sparse matrices, tuples and paths cross the pipe unchanged."""
    answer = _run(bad_readers.read_well, tmp_path / "f", returns=bad_readers.Answer)
    expected = bad_readers.read_well(tmp_path / "f")
    pd.testing.assert_frame_equal(answer.table, expected.table)
    np.testing.assert_array_equal(answer.matrix.toarray(), expected.matrix.toarray())
    assert answer.matrix.dtype == np.float32
    assert answer.names == expected.names
    assert answer.path == tmp_path / "f"


def test_what_a_reader_refuses_is_told_in_its_words(tmp_path: Path) -> None:
    """The four parts of a refusal cross the pipe."""
    with pytest.raises(InputError, match=r"it is cut short\n.*where: .*some_file\n[\s\S]*Fetch it"):
        _run(bad_readers.refuse, tmp_path / "some_file")


@pytest.mark.parametrize(
    ("function", "words"),
    [
        ("segfault", "its reader failed on it.*\n.*some_file: a segmentation fault"),
        ("abort", "its reader failed on it.*\n.*some_file: an abort"),
        ("fail", "its reader failed on it.*\n.*some_file: KeyError: 'obs'"),
        ("use_memory", "needs more memory than a file of its size can\n.*some_file: stopped at 0.30 GB"),
        ("use_time", "keeps its reader busy.*\n.*some_file: stopped after 1 seconds"),
        ("exit_at_once", "its reader failed on it.*\n.*some_file: exit code 3"),
        ("answer_an_object", "object does not cross the channel"),
    ],
)
def test_whatever_happens_to_the_reader_is_about_the_file(function: str, words: str, tmp_path: Path) -> None:
    """Crash, memory, time, exception: each names the file, says what is allowed and what to do."""
    arguments = () if function == "abort" else (tmp_path / "some_file",)
    with pytest.raises(InputError, match=words) as caught:
        run_isolated(getattr(bad_readers, function), *arguments, where=tmp_path / "some_file", limits=SMALL)
    assert "Retrieve the file again" in caught.value.problems[0].next_step


@pytest.mark.parametrize("function", ["close_streams_and_stay", "leave_a_child_with_the_streams"])
def test_a_reader_that_neither_answers_nor_ends_is_ended(
    function: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its stream may end before it does, or be held open by a process that it started."""
    monkeypatch.setattr("sidemine.isolation.run._WALL_AT_LEAST", 0)
    monkeypatch.setattr("sidemine.isolation.run._WALL_PER_CPU", 2)
    started = time.monotonic()
    with pytest.raises(InputError, match="keeps its reader busy"):
        _run(getattr(bad_readers, function), tmp_path / "some_file")
    assert time.monotonic() - started < 10


def test_who_has_the_answer_does_not_wait_for_its_reader_to_end(tmp_path: Path) -> None:
    """A library may leave threads behind that never end."""
    assert _run(bad_readers.stay_after_the_answer, tmp_path) == "answer"


def _message(text: str) -> bytes:
    return len(text).to_bytes(8, "little") + text.encode()


def _answer(value: str) -> bytes:
    return _message('{"$mapping":[["value",' + value + "]]}")


@pytest.mark.parametrize(
    "message",
    [
        *(_message(text) for text in ("", "null", "[]", "5", '"value"', "{", '{"a":1,"b":2}', "[" * 3000)),
        *(_message('{"$mapping":[["' + key + '",5]]}') for key in ("problems", "failure", "other")),
        _message('{"$mapping":[["problems",[{"$mapping":[["what","x"]]}]]]}'),
        *(
            _answer('{"$array":' + array + "}")
            for array in ('["zz",[1]]', '["<f8","x"]', '["<f8",[null]]', '["O",[1]]')
        ),
        *(_answer('{"$' + kind + '":5}') for kind in ("csr", "frame", "path", "tuple", "other")),
        _answer('{"$array":["<f8",[1000000000000]]}'),
        b"\xff" * 8,
        (5).to_bytes(8, "little") + b"\xff" * 5,
    ],
)
def test_whatever_a_reader_answers_is_about_the_file(message: bytes, tmp_path: Path) -> None:
    """A file that has taken over its reader writes what it likes; it raises nothing else here."""
    with pytest.raises(
        InputError, match=r"its reader failed on it.*\n.*some_file: what its reader answered cannot be read"
    ):
        _run(bad_readers.answer_in_bytes, tmp_path / "some_file", message.hex())


@pytest.mark.parametrize("number", bad_readers.SIGNALS)
def test_no_signal_reaches_the_user(number: signal.Signals, tmp_path: Path) -> None:
    """Every signal that ends a reader becomes an error about the file."""
    with pytest.raises(InputError, match="some_file"):
        _run(bad_readers.end_by, tmp_path / "some_file", int(number))


def test_what_libraries_print_does_not_spoil_the_answer(tmp_path: Path) -> None:
    """Native code writes to standard output as it likes."""
    assert _run(bad_readers.print_and_answer, tmp_path) == "answer"


def test_modules_of_the_working_folder_are_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file json.py in the folder of a study must not stand in for Python's own."""
    (tmp_path / "json.py").write_text("raise SystemExit(7)\n")
    monkeypatch.chdir(tmp_path)
    assert _run(bad_readers.print_and_answer, tmp_path) == "answer"


def test_limits_grow_with_the_file_and_with_the_word_of_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """10 times the file + 300 MB; the environment variable raises it; a wrong word is told."""
    file = tmp_path / "f"
    with file.open("wb") as stream:
        stream.truncate(50_000_000)
    assert Limits.of_file(file) == Limits(800_000_000, 58)
    assert Limits.of_file(tmp_path) == Limits.of_file(file)
    monkeypatch.setenv("SIDEMINE_READER_MEMORY_GB", "2")
    assert Limits.of_file(file).memory == 2_000_000_000
    monkeypatch.setenv("SIDEMINE_READER_MEMORY_GB", "lots")
    with pytest.raises(InputError, match="SIDEMINE_READER_MEMORY_GB, value 'lots'"):
        Limits.of_file(file)
