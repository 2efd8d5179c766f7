"""The base of every schema: unknown keys are refused, and cells may hold comma lists."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class ClosedModel(BaseModel):
    """A model that refuses keys it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


def split_list(value: object) -> object:
    """Return the parts of a sheet's cell that are divided by commas; leave everything else alone."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value
