"""No code, rule, template or caption knows a drug or a disease: studies are configuration."""

from __future__ import annotations

import re
from pathlib import Path

import sidemine

WORKFLOW = Path(sidemine.__file__).parents[1]
CODE = {".py", ".smk", ".js", ".j2", ".html", ".css", ".rst", ".json"}
OF_A_STUDY = re.compile(
    r"jak|\bvte\b|thrombo|embol|ruxolit|baricit|tofacit|upadacit|vemuraf|glucocort|dexameth|budeson|flutic|"
    r"infliximab|adalimumab|etanercept|lupus|asthma|psoria",
    re.IGNORECASE,
)
EXAMPLES = {
    ("schemas/config.schema.json", "for example pulmonary embolism minus vein thrombosis."),
    ("schemas/config.schema.json", "for example JAK inhibitors: shown beside them"),
    ("sidemine/cli.py", 'for example "venous thromboembolism blood"'),
    ("sidemine/lines/interaction/config.py", "for example pulmonary embolism minus vein thrombosis."),
    ("sidemine/lines/interaction/measure.py", "example pulmonary embolism minus deep vein thrombosis;"),
    ("sidemine/lines/screen/config.py", "for example JAK inhibitors: shown beside them"),
    ("sidemine/lines/bridge/library.py", "In the consensus signatures of L1000 ruxolitinib is at the 8th percentile"),
    ("sidemine/scaffold/series_search.py", 'For example: sidemine find "venous thromboembolism blood".'),
    ("sidemine/scaffold/new_study.py", 'for example: sidemine find "venous thromboembolism blood".'),
    ("sidemine/simulate/standin_truth.py", "config/glucocorticoids/standins.yaml is an example."),
}
"""Words that plainly are an example, by file; `simulate/scene.yaml` says what the demo is about."""


def test_code_names_no_drug_and_no_disease_but_as_an_example():
    found, used = [], set()
    for path in sorted(WORKFLOW.rglob("*")):
        if path.suffix not in CODE and path.name != "Snakefile":
            continue
        name = path.relative_to(WORKFLOW).as_posix()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if OF_A_STUDY.search(line):
                examples = {(file, words) for file, words in EXAMPLES if file == name and words in line}
                used |= examples
                if not examples:
                    found.append(f"{name}:{number}: {line.strip()[:100]}")
    assert found == []
    assert used == EXAMPLES  # an example that has gone must leave the list
