"""Read `config.yaml`: duplicate keys refused, command-line overrides merged, problems told with their line."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, TypeAdapter, ValidationError

from sidemine.errors import Problem
from sidemine.study.explain import model_problems
from sidemine.study.hypotheses import Hypothesis
from sidemine.study.models import StudyConfig
from sidemine.study.plain_yaml import LOADER, find_unplain
from sidemine.study.rows import Contrast, Dataset, GeneSetRow
from sidemine.study.settings import Settings
from sidemine.study.sheets import AnyId

PLACES: Mapping[str, type[BaseModel]] = {
    "a column of datasets.tsv": Dataset,
    "a column of contrasts.tsv": Contrast,
    "a column of gene_sets.tsv": GeneSetRow,
    "a key under settings in config.yaml": Settings,
}
"""Where a name is looked for that stands in the wrong file of a study, or in the wrong section."""


def read_config(path: Path, overrides: Mapping[str, Any] | None, problems: list[Problem]) -> dict[str, Any]:
    """Return the content of `config.yaml` with `overrides` merged in; append what is wrong to `problems`.

    Overrides win key by key, also inside sections; lists are replaced whole.

    Parameters
    ----------
    path
        The config file.
    overrides
        Values that win over the file's; None: none.
    problems
        What is wrong is appended here.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
        if unplain := find_unplain(text, path):
            problems += unplain
            return {}
        root = yaml.compose(text, Loader=LOADER)
        plain = yaml.load(text, Loader=LOADER)  # noqa: S506 - a safe loader
        if "{" in text or "[" in text:
            # Snakemake reads the file, too, by the parser in Python: of what stands in brackets it takes less.
            for _ in yaml.parse(text, Loader=yaml.SafeLoader):
                pass
    except FileNotFoundError:
        problems.append(
            Problem(
                "the study has no config file",
                str(path),
                "a config.yaml, with its sheets beside it",
                "Check the path that was given; config/README.md says how to make a study folder.",
            )
        )
        return {}
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problems.append(
            Problem(
                f"the config file is not valid YAML: {error.problem or error.context}",
                f"{path}{place}",
                "YAML: spaces for indentation (no tabs), a space after each colon, quotes around text with : # or ?",
                "Correct that line or the one before it.",
            )
        )
        return {}
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        problems.append(
            Problem(
                "the config file is not written in UTF-8",
                f"{path}, line {line}",
                "UTF-8 YAML",
                "Save it again as UTF-8: most editors offer the encoding under `Save as`.",
            )
        )
        return {}
    except (yaml.YAMLError, OSError) as error:
        problems.append(
            Problem(f"the config file cannot be read: {error}", str(path), "UTF-8 YAML", "Correct the file.")
        )
        return {}
    if not isinstance(plain, dict):
        problems.append(Problem("the config file holds no keys", str(path), "key: value", "See config/README.md."))
        return {}
    problems += _duplicate_keys(root, path)
    return _merge(plain, overrides or {})


def check_config(raw: dict[str, Any], path: Path, problems: list[Problem]) -> StudyConfig | None:
    """Check the merged content against its schema; None when it does not keep to it.

    Parameters
    ----------
    raw
        What the file and the overrides say.
    path
        The config file, for messages.
    problems
        What is wrong is appended here.
    """
    # `settings:` with nothing under it means the defaults, not a mistake.
    content = {
        key: value
        for key, value in raw.items()
        if value is not None or key not in {"settings", "derive", "exclude", "independent_pairs"}
    }
    try:
        return StudyConfig.model_validate(content)
    except ValidationError as error:
        root = _compose_again(path)
        problems += model_problems(
            error,
            StudyConfig,
            str(path),
            kind="key",
            locate=lambda location: _line_of(root, location),
            elsewhere=PLACES,
        )
        return None


def salvage(raw: Mapping[str, Any]) -> StudyConfig:
    """Return what is right in itself of a faulty config, so that it can still be cross-checked.

    Faulty optional keys take their defaults; of the needed ones `model_fields_set` tells which are there.
    """
    good: dict[str, Any] = {"hypotheses": []}
    for name, field in StudyConfig.model_fields.items():
        value = raw.get(name)
        annotation: Any = field.annotation
        if name == "hypotheses":
            good[name] = _good_entries(value)
        elif name == "settings" and isinstance(value, Mapping):
            good[name] = _good_settings(value)
        elif value is not None:
            # What is wrong has been told by check_config.
            with contextlib.suppress(ValidationError):
                good[name] = TypeAdapter(annotation).validate_python(value)
    return StudyConfig.model_construct(None, **good)


def hypothesis_ids(raw: Mapping[str, Any]) -> Collection[str]:
    """Return the ids of all hypotheses of a config, also of faulty ones; any id where an entry holds none that can be read."""
    entries = raw.get("hypotheses")
    ids = (
        [entry.get("id") if isinstance(entry, dict) else None for entry in entries]
        if isinstance(entries, list)
        else [None]
    )
    return frozenset(map(str, ids)) if all(ids) else AnyId(map(str, filter(None, ids)))


def _good_entries(entries: object) -> list[Hypothesis]:
    good = []
    for entry in entries if isinstance(entries, list) else []:
        with contextlib.suppress(ValidationError):
            good.append(Hypothesis.model_validate(entry))
    return good


def _good_settings(values: Mapping[str, Any]) -> Settings:
    good = {}
    for key, value in values.items():
        with contextlib.suppress(ValidationError):
            good[key] = getattr(Settings.model_validate({key: value}), key)
    return Settings.model_construct(None, **good)


def _merge(base: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        inner = merged.get(key)
        merged[key] = _merge(inner, value) if isinstance(inner, dict) and isinstance(value, Mapping) else value
    return merged


def _compose_again(path: Path) -> yaml.Node | None:
    try:
        return yaml.compose(path.read_bytes().decode("utf-8-sig"), Loader=LOADER)
    except (OSError, yaml.YAMLError):
        return None


def _line_of(root: yaml.Node | None, location: tuple[int | str, ...]) -> str:
    """Return the line of the deepest part of `location` that stands in the file."""
    node, line = root, None
    for part in location:
        found: yaml.Node | None = None
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(part):
                    found, line = value, key.start_mark.line
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            found = node.value[part]
            line = found.start_mark.line
        if found is None:
            break
        node = found
    return f", line {line + 1}" if line is not None else ""


def _duplicate_keys(node: yaml.Node | None, path: Path) -> list[Problem]:
    """Find keys that stand twice in one mapping: YAML would silently keep the last."""
    problems: list[Problem] = []
    stack = [node]
    while stack:
        current = stack.pop()
        if isinstance(current, yaml.SequenceNode):
            stack += reversed(current.value)
        if not isinstance(current, yaml.MappingNode):
            continue
        first: dict[str, int] = {}
        for key, value in current.value:
            stack.append(value)
            if not isinstance(key, yaml.ScalarNode):
                continue
            line = key.start_mark.line + 1
            if key.value in first and key.value != "<<":
                problems.append(
                    Problem(
                        f"key {key.value!r} stands twice",
                        f"{path}, line {line} (first: line {first[key.value]})",
                        "each key once per section",
                        "Keep one of them.",
                    )
                )
            first.setdefault(key.value, line)
    return problems
