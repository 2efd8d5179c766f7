"""One logging set-up for all scripts: to their log file and to the terminal, uncaught exceptions included."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sidemine.errors import SidemineError

logger = logging.getLogger("sidemine")


@contextmanager
def log_to(path: str) -> Iterator[None]:
    """Log what happens inside to `path`; end the process with status 1 after telling of an error.

    A `SidemineError` is told in its own words, without a traceback: it is about the input, not about the code.
    Heavy imports belong inside the block, so that their failure is logged too.

    Parameters
    ----------
    path
        Log file, overwritten.
    """
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    to_file = logging.FileHandler(path, mode="w", encoding="utf-8")
    to_file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    to_terminal = logging.StreamHandler(sys.stderr)
    to_terminal.setLevel(logging.WARNING)
    to_terminal.setFormatter(logging.Formatter("%(message)s"))
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    root.addHandler(to_file)
    root.addHandler(to_terminal)
    logging.captureWarnings(capture=True)
    try:
        yield
    except SidemineError as error:
        logger.error("%s", error)  # noqa: TRY400 - the traceback would bury the message
        sys.exit(1)
    except BaseException:
        logger.exception("This is a bug in sidemine or in a library that it uses:")
        sys.exit(1)
    finally:
        root.removeHandler(to_file)
        root.removeHandler(to_terminal)
        to_file.close()
