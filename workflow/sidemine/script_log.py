"""One logging set-up for all scripts: to their log file and to the terminal, uncaught exceptions included."""

from __future__ import annotations

import gc
import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import takewhile, zip_longest
from pathlib import Path

from sidemine.errors import SidemineError
from sidemine.system_errors import explain_system_error

logger = logging.getLogger("sidemine")

_OBJECTS_BETWEEN_COLLECTIONS = 100_000
"""Importing pandas or anndata makes some 100,000 objects that stay; looking through them again and again (Python's own
threshold is 700) takes a tenth of the time of a short job."""

_STOPPED = "stopped from outside (Ctrl-C)"
_BUG = "This is a bug in sidemine or in a library that it uses:"
_LINE_START = re.compile(r"^\d{4}-\d{2}-\d{2} \S+ ([A-Z]+) (\S+): ", re.MULTILINE)


@contextmanager
def log_to(path: str) -> Iterator[None]:
    """Log what happens inside to `path`; end the process with status 1 after telling of an error.

    A `SidemineError` is told in its own words, without a traceback: it is about the input, not about the code. So is
    what the operating system refuses: a full disk, missing rights, used-up memory.
    Heavy imports belong inside the block, so that their failure is logged too.

    Parameters
    ----------
    path
        Log file, overwritten.
    """
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        to_file = logging.FileHandler(path, mode="w", encoding="utf-8")
    except OSError as error:
        sys.stderr.write(f"{explain_system_error(error)}\n")
        sys.exit(1)
    # On a full disk the log cannot be written; the terminal tells, without a traceback of the logging itself.
    logging.raiseExceptions = False
    to_file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    to_terminal = logging.StreamHandler(sys.stderr)
    to_terminal.setLevel(logging.WARNING)
    to_terminal.setFormatter(logging.Formatter("%(message)s"))
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    root.addHandler(to_file)
    root.addHandler(to_terminal)
    logging.captureWarnings(capture=True)
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    try:
        yield
    except SidemineError as error:
        logger.error("%s", error)  # noqa: TRY400 - the traceback would bury the message
        sys.exit(1)
    except KeyboardInterrupt:
        logger.warning(_STOPPED)
        sys.exit(130)
    except BaseException as error:
        if (problem := explain_system_error(error)) is not None:
            logger.error("%s", problem)  # noqa: TRY400 - it is about the machine
            logger.info("where it happened", exc_info=True)
        else:
            logger.exception(_BUG)
        sys.exit(1)
    finally:
        root.removeHandler(to_file)
        root.removeHandler(to_terminal)
        with suppress(OSError):
            to_file.close()
        logging.raiseExceptions = True
        # The process ends here: what is left need not be searched for cycles once more, which takes 0.2 s.
        gc.freeze()


def collect_errors(folder: Path, since: float) -> str:
    """Return what went wrong in the scripts that logged below `folder`: to be told once more when a run ends.

    Parameters
    ----------
    folder
        Logs of one study.
    since
        Only logs that changed at this time or later count (seconds since 1970).

    Returns
    -------
    str
        The problems in the words in which they were told, each under the name of its log; '' when there are none. Of
        a bug only the last lines are told, with the notes that were added to it: its traceback stands in the log.
    """
    return "\n\n".join(text for path in sorted(folder.rglob("*.log")) for text in errors_in(path, since))


def errors_in(path: Path, since: float) -> list[str]:
    """Return what went wrong in one script, as `collect_errors` does of all.

    Parameters
    ----------
    path
        Its log, which may be missing.
    since
        As for `collect_errors`.
    """
    text = _text_since(path, since)
    lines = [*_LINE_START.finditer(text)]
    return [
        _shorten(text[line.end() : after.start() if after else None].strip(), path)
        for line, after in zip_longest(lines, lines[1:])
        if line.groups() == ("ERROR", logger.name)
    ]


def was_stopped(path: Path, since: float) -> bool:
    """Tell whether a script was stopped by Ctrl-C, by its log."""
    return _STOPPED in _text_since(path, since)


def _text_since(path: Path, since: float) -> str:
    """Return a log; '' where it is missing or older."""
    if not path.is_file() or path.stat().st_mtime < since:
        return ""
    return path.read_text(encoding="utf-8", errors="replace")


def _shorten(message: str, path: Path) -> str:
    if message.startswith(_BUG):
        lines = message.splitlines()
        told = [*takewhile(lambda line: not line.startswith(" "), reversed(lines))][::-1]
        return f"{_BUG} {' '.join(told)}\n  Please report it, with {path}"
    return f"{message}\n  log:     {path}"
