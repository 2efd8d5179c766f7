"""Where the files of a study lie: URL or path, environment variables, relative to the config file."""

from __future__ import annotations

import os
import re
from pathlib import Path

from sidemine.errors import Problem, StudyError

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def is_url(text: str) -> bool:
    """Tell whether a file key holds an address, of whatever scheme, rather than a path.

    >>> is_url("https://zenodo.org/records/1/files/a.csv"), is_url("data/a.csv"), is_url("C:/a.csv")
    (True, False, False)
    """
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", text.strip()) is not None


def expand_path(text: str, config_dir: Path) -> Path:
    """Return the path that a file key of the study means.

    Parameters
    ----------
    text
        A path; `${NAME}` is replaced by the environment variable, `~` by the home folder, and a relative path counts
        from the config file.
    config_dir
        Folder of the config file.

    Raises
    ------
    StudyError
        When the text names an environment variable that is not set.
    """
    missing = sorted({name for name in _VARIABLE.findall(text) if not os.environ.get(name)})
    if missing:
        raise StudyError(
            Problem(
                f"the environment variable {', '.join(missing)} is not set",
                f"path {text}",
                "a path whose ${NAME} parts are environment variables that hold a folder",
                f"Set it, for example: export {missing[0]}=/path/to/files",
            )
        )
    expanded = Path(_VARIABLE.sub(lambda match: os.environ[match.group(1)], text)).expanduser()
    return Path(os.path.normpath(config_dir / expanded))
