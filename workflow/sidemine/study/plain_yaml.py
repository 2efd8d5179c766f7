"""Is a config file plain data? Looked at event by event, before anything is built from it.

Snakemake runs the expressions of a config file that says `__use_yte__`, and a few lines of YAML can name objects of Python
or stand for billions of values. A study needs none of this.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from sidemine.errors import Problem

MAX_BYTES = 5_000_000
MAX_DEPTH = 50
YTE_KEY = "__use_yte__"

# YAML 1.1 reads 010 as 8, 1:30 as 90 and 2024_01 as 202401: numbers that nobody meant.
_ODD_NUMBER = re.compile(r"[-+]?(?:0[0-9_]+|0[bx][0-9a-fA-F_]+|[0-9]+[_:][0-9_:]*)(?:\.[0-9_]*)?")
_RESOLVER = yaml.resolver.Resolver()

# The C loader is about eight times faster; pure Python is the fallback where libyaml is not built in.
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def find_unplain(text: str, path: Path) -> list[Problem]:
    """Return what makes a config file more than plain data; YAML that cannot be parsed is for the reader to tell.

    Parameters
    ----------
    text
        The content of the file.
    path
        The file, for messages.
    """
    if len(text) > MAX_BYTES:
        return [_problem("the config file is too large", str(path), f"at most {MAX_BYTES:,} characters")]
    problems: list[Problem] = []
    depth = documents = 0
    try:
        for event in yaml.parse(text, Loader=LOADER):
            where = f"{path}, line {event.start_mark.line + 1 if event.start_mark else 0}"
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            documents += isinstance(event, yaml.DocumentStartEvent)
            if depth > MAX_DEPTH:
                problems.append(
                    _problem(
                        "the config file is nested too deeply", where, f"at most {MAX_DEPTH} sections in each other"
                    )
                )
                break
            if documents > 1:
                problems.append(_problem("the file holds more than one YAML document", where, "one document"))
                break
            if isinstance(event, yaml.AliasEvent):
                problems.append(
                    _problem(f"the config file repeats a part by reference (*{event.anchor})", where, "plain values")
                )
                break  # one reference may be followed by thousands
            if (tag := getattr(event, "tag", None)) and not _is_implied(event):
                problems.append(
                    _problem(
                        f"the config file names a type of its own ({str(tag)[:80]})", where, "plain values, no !tags"
                    )
                )
            if isinstance(event, yaml.ScalarEvent) and event.value == YTE_KEY:
                problems.append(_executes(where))
            if isinstance(event, yaml.ScalarEvent) and event.implicit[0] and _is_odd_number(event.value):
                problems.append(
                    Problem(
                        f"YAML reads {event.value} as another number",
                        where,
                        "digits, with a point before decimals; text that looks like a number in quotes",
                        f'Write the number out, or "{event.value}" with quotes if it is a name.',
                    )
                )
    except (yaml.YAMLError, RecursionError):
        pass
    return problems


def _is_implied(event: yaml.Event) -> bool:
    implicit = getattr(event, "implicit", True)
    return any(implicit) if isinstance(implicit, tuple) else bool(implicit)


def _is_odd_number(text: str) -> bool:
    if _ODD_NUMBER.fullmatch(text) is None:
        return False
    tag: str = _RESOLVER.resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
    return tag.endswith((":int", ":float"))


def _executes(where: str) -> Problem:
    return Problem(
        f"the config file holds expressions that Snakemake would run as code ({YTE_KEY})",
        where,
        "plain values: a study folder is data, not code (SECURITY.md)",
        f"Do not use this folder unless you know who made it; delete {YTE_KEY} and write the values out. `sidemine run` looks "
        "before anything is run. Where plain `snakemake` was given this file, its expressions have been run already.",
    )


def _problem(what: str, where: str, allowed: str) -> Problem:
    return Problem(what, where, f"{allowed}: a study folder is data, not code (SECURITY.md)", "Write the values out.")
