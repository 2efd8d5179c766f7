"""Schemas, defaults and documentation are generated from one place and cannot drift apart."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from sidemine.study.load import load_study
from sidemine.study.models import to_plain
from sidemine.study.schemas import SCHEMAS, generated_files, json_schema, readme_text, write_schemas
from sidemine.study.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("path", [path.relative_to(ROOT) for path, _ in generated_files(ROOT)], ids=str)
def test_committed_files_are_up_to_date(path):
    """Committed schemas and key tables equal what the models generate (`python -m sidemine.study.schemas`)."""
    expected = {made.relative_to(ROOT): text for made, text in generated_files(ROOT)}
    assert (ROOT / path).read_text(encoding="utf-8") == expected[path]


@pytest.mark.parametrize("name", SCHEMAS)
def test_schemas_are_valid_and_closed(name):
    """Each schema is itself valid, and refuses unknown keys at every level."""
    schema = json_schema(name)
    jsonschema.Draft202012Validator.check_schema(schema)
    for section in [schema, *schema.get("$defs", {}).values()]:
        if section.get("type") == "object":
            assert section["additionalProperties"] is False


@pytest.mark.parametrize("config", ["config/config.yaml", "config/demo/config.yaml"])
def test_studies_keep_to_the_schemas(config):
    """The studies in config/, with all defaults filled in, pass jsonschema as they pass pydantic."""
    content = load_study(ROOT / config, check_files=False).to_json()
    jsonschema.validate(content["config"], json_schema("config"))
    for name in ("datasets", "contrasts", "gene_sets", "published_tables", "considered"):
        for row in content[name]:
            jsonschema.validate(row, json_schema(name))


def test_config_file_itself_keeps_to_the_schema():
    """The schema also fits the file as written, so that editors can check it while typing."""
    plain = yaml.safe_load((ROOT / "config" / "config.yaml").read_text(encoding="utf-8"))
    jsonschema.validate(plain, json_schema("config"))


def test_defaults_and_schema_agree():
    """Every default of the settings stands in the schema and is allowed by it."""
    schema = json_schema("config")
    settings = schema["$defs"]["Settings"]
    for key, value in to_plain(Settings()).items():
        if key != "traps":  # a section of its own
            assert settings["properties"][key].get("default", []) == value
    traps = schema["$defs"]["Traps"]["properties"]
    assert {key: entry["default"] for key, entry in traps.items()} == to_plain(Settings())["traps"]
    jsonschema.validate(to_plain(Settings()), {**settings, "$defs": schema["$defs"]})


@pytest.mark.parametrize("broken", [{"seed": 0}, {"seeed": 1}, {"probe_rule": "best"}, {"min_group_size": 1}])
def test_schema_refuses_what_the_models_refuse(broken):
    """jsonschema and pydantic draw the same line."""
    schema = json_schema("config")
    with pytest.raises(jsonschema.ValidationError, match=r"minimum|unexpected|not one of"):
        jsonschema.validate(broken, {**schema["$defs"]["Settings"], "$defs": schema["$defs"]})
    with pytest.raises(ValueError, match="validation error"):
        Settings.model_validate(broken)


def test_writing_is_repeatable(tmp_path):
    """A second run writes nothing."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "README.md").write_text(
        (ROOT / "config" / "README.md").read_text(encoding="utf-8"), encoding="utf-8"
    )
    assert len(write_schemas(tmp_path)) == len(SCHEMAS)
    assert write_schemas(tmp_path) == []
    assert json.loads((tmp_path / "workflow" / "schemas" / "config.schema.json").read_text(encoding="utf-8"))


def test_a_lost_marker_is_told():
    """A table whose marker was deleted from the README is not forgotten in silence."""
    with pytest.raises(ValueError, match="no marker for table config"):
        readme_text("nothing")
