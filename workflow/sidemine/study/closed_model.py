"""The base of every schema: unknown keys are refused, and cells may hold comma lists."""

from __future__ import annotations

from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError


class ClosedModel(BaseModel):
    """A model that refuses keys it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _refuse_truth_values(cls, value: Any, info: ValidationInfo) -> Any:
        """`margin: yes` is no 1, nor `off` a 0: YAML makes truth values of these words, and Python numbers of those."""
        if isinstance(value, bool) and info.field_name is not None:
            kinds = _kinds(cls.model_fields[info.field_name].annotation)
            if bool not in kinds and kinds & {int, float}:
                raise PydanticCustomError("no_number", "a number is expected, not yes, no, on, off, true or false")
        return value


def _kinds(annotation: Any) -> set[Any]:
    """Return the types that an annotation names, at any depth."""
    return {annotation}.union(*map(_kinds, get_args(annotation)))


def split_list(value: object) -> object:
    """Return the parts of a sheet's cell that are divided by commas; leave everything else alone."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value
