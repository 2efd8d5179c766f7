"""How things of a study may be called."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,63}$")]
"""Names a thing in paths and wildcards: a letter, then letters, digits and underscores."""

SetName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:()+-]{0,199}$")]
"""Names a gene set; set libraries use a few more characters than our own identifiers."""
