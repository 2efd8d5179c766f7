"""A plugin of mypy (`make lint`): plain numbers with fractions are added by `math.fsum`.

Python adds them more exactly from 3.12 on: with `sum`, results would differ in their last digits from those of 3.11.
Mypy tells it as an item that `sum` does not take ("expected bool"), since it looks for a form of `sum` that nobody refuses.
"""

from __future__ import annotations

from collections.abc import Callable

from mypy.plugin import FunctionContext, Plugin
from mypy.types import Instance, TupleType, Type, UnionType, get_proper_type


class ExactSums(Plugin):
    """Refuses the `sum` of floats."""

    def get_function_hook(self, fullname: str) -> Callable[[FunctionContext], Type] | None:
        """Have calls of `sum` looked at."""
        return _refuse_floats if fullname == "builtins.sum" else None


def _refuse_floats(context: FunctionContext) -> Type:
    added = get_proper_type(context.arg_types[0][0])
    items = added.items if isinstance(added, TupleType) else added.args[:1] if isinstance(added, Instance) else []
    if any(_may_be_float(item) for item in items):
        context.api.fail("Python adds floats in a way of its own from 3.12 on: use math.fsum", context.context)
    return context.default_return_type


def _may_be_float(item: Type) -> bool:
    found = get_proper_type(item)
    parts = [get_proper_type(part) for part in found.items] if isinstance(found, UnionType) else [found]
    return any(isinstance(part, Instance) and part.type.fullname == "builtins.float" for part in parts)


def plugin(version: str) -> type[Plugin]:
    """Return the plugin, whatever the version of mypy is."""
    return ExactSums
